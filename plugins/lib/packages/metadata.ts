import { REBOOT_OPTIONS, type RebootOptions } from '../reboot.js';
import { REBOOT_REQUIRED_PATH } from '../reboot-needed.js';
import { ENV } from '../schemas.js';

/** Metadata of `package-upgrade`. */
export interface PackageMetadata {
  readonly packages?: readonly string[];
  readonly security_only?: boolean;
  readonly dry_run?: boolean;
  readonly refresh?: boolean;
  readonly removals?: boolean;
  readonly config_files?: 'keep' | 'replace';
  readonly lock_timeout?: number;
  readonly min_free_mb?: number;
  readonly restart_services?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly reboot?: 'never' | 'if-needed' | 'always';
  readonly reboot_required_path?: string;
  readonly reboot_options?: RebootOptions;
}

/** Names as dpkg and rpm allow them, with an architecture where that is needed; none of them is an option. */
const PACKAGE = '^[A-Za-z0-9][A-Za-z0-9+._-]*(:[a-z0-9]+)?$';
const UNIT = '^[A-Za-z0-9_][A-Za-z0-9:_.@\\\\-]*$';

export const PACKAGE_METADATA = {
  type: 'object',
  properties: {
    packages: {
      type: 'array',
      minItems: 1,
      maxItems: 1000,
      items: { type: 'string', maxLength: 200, pattern: PACKAGE },
      description: 'installed packages to upgrade; absent: all',
    },
    security_only: { type: 'boolean', description: 'only what comes from a security repository or advisory' },
    dry_run: { type: 'boolean', description: 'only tell what would be upgraded' },
    refresh: { type: 'boolean', description: 'read the repositories’ lists first; default: true' },
    removals: { type: 'boolean', description: 'packages may be removed for it; default: false' },
    config_files: {
      enum: ['keep', 'replace'],
      description: 'configuration that was changed on the host; default: keep',
    },
    lock_timeout: {
      type: 'number',
      minimum: 0,
      maximum: 86_400,
      description: 'seconds to wait for the lock; default: 600',
    },
    min_free_mb: { type: 'integer', minimum: 0, description: 'MiB free on /var and /usr; default: 1024' },
    restart_services: {
      type: 'array',
      maxItems: 100,
      items: { type: 'string', maxLength: 200, pattern: UNIT },
      description: 'systemd units to restart afterwards',
    },
    env: ENV,
    reboot: { enum: ['never', 'if-needed', 'always'], description: 'default: never' },
    reboot_required_path: REBOOT_REQUIRED_PATH,
    reboot_options: { type: 'object', properties: REBOOT_OPTIONS, additionalProperties: false },
  },
  additionalProperties: false,
} as const;

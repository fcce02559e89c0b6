import { type DownloadRules, type DownloadTarget, downloadTarget } from '../../downloads/request.js';
import type { DownloadedFile, SessionAction, SessionDownloads, SessionRequest } from '../../model/index.js';
import { impossible, malformed } from '../errors.js';
import { type ActionBody, maintenanceShape } from '../schemas/maintenance.js';
import { checkMetadata } from '../schemas/metadata.js';
import { parseTime } from '../schemas/time.js';

/** What POST /v1/maintenance asks for, with defaults filled in. */
export interface AskedFor extends SessionRequest {
  readonly downloads: SessionDownloads | null;
  /** Whether plug-ins may come with what is downloaded. */
  readonly bringsPlugins: boolean;
}

/** @throws Refusal 400 for what is ill-formed, 422 for what may not be downloaded */
export function parseSessionRequest(input: unknown, rules: DownloadRules): AskedFor {
  const body = maintenanceShape(input);
  const targets = downloadTargets(body.download ?? [], rules);
  const request = {
    workflow: body.workflow ?? 'default',
    maintenanceAt: parseTime(body.maintenance_at, 'maintenance_at'),
    hosts: [...new Set(body.hosts ?? [])],
    metadata: body.metadata ?? {},
    actions: (body.actions ?? []).map(sessionAction),
    scope: body.scope ?? {},
    limits: body.limits ?? {},
    policy: body.policy ?? {},
    downloads: targets.length === 0 ? null : { files: (body.download ?? []).map(waiting), plugins: null },
    bringsPlugins: targets.some(({ archive }) => archive !== null),
  };
  checkMetadata(request.metadata);
  checkNames(request.actions);
  return request;
}

function sessionAction({ plugin, type, name, order, metadata }: ActionBody): SessionAction {
  return { name: name ?? plugin, plugin, type, order: order ?? 0, metadata: metadata ?? {} };
}

/** A run is known by type and name, so these must differ. */
function checkNames(actions: readonly SessionAction[]): void {
  const seen = new Set<string>();
  for (const [i, { type, name }] of actions.entries()) {
    const key = `${type}/${name}`;
    if (seen.has(key)) throw malformed(`actions[${i}].name`, `There are two ${type} actions of the name ${name}.`);
    seen.add(key);
  }
}

function downloadTargets(urls: readonly string[], rules: DownloadRules): DownloadTarget[] {
  const names = new Set<string>();
  return urls.map((url, i) => {
    const field = `download[${i}]`;
    const target = downloadTarget(url, rules);
    if ('refused' in target) throw impossible('download-refused', field, `${field} ${target.refused}`);
    const { fileName } = target;
    if (names.has(fileName)) {
      throw impossible('download-refused', field, `${field} would be the second file of the name ${fileName}.`);
    }
    names.add(fileName);
    return target;
  });
}

function waiting(url: string): DownloadedFile {
  return { url, state: 'waiting', sha256: null };
}

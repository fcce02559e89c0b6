import { coldMigrate, settleLate } from '../../src/workflow/cold-migration.js';
import type { InstanceActionPlugin } from '../../src/workflow/contract.js';

export default {
  name: 'MIGRATE',
  version: '1.0.0',
  description: 'Nova cold migration to a named, proven target, confirmed by us',
  needsTarget: true,
  run: coldMigrate,
  settle: settleLate,
} satisfies InstanceActionPlugin;

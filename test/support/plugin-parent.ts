import { SystemMachineClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { PluginProcesses } from '../../src/workflow/isolation/plugin-processes.js';
import { loadPlugins } from '../../src/workflow/loader.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';

/* A program that runs the action `work` of a directory by itself and prints what that records, a line of JSON each. */
const settings = { isolation: 'third-party', memoryMiB: 64, graceS: 600, loadTimeoutS: 60 } as const;
const processes = new PluginProcesses(settings, new SystemMachineClock());
const registry = await loadPlugins([String(process.argv[2])], silentLogger, { processes });
const record = (facts: object): void => void process.stdout.write(`${JSON.stringify(facts)}\n`);
await registry.action('work').run(actionContext({ record }));

import { parentPort } from 'node:worker_threads';
import type { HostPlanSnapshot } from './host-plan.js';
import { planHost } from './plan-host.js';

parentPort?.on('message', ({ id, snapshot }: { id: number; snapshot: HostPlanSnapshot }) => {
  parentPort?.postMessage({ id, plan: planHost(snapshot) });
});

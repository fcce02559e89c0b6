import { parentPort } from 'node:worker_threads';
import { planFleet } from './plan-fleet.js';
import { planHost } from './plan-host.js';
import type { PlannerRequest } from './planner.js';

parentPort?.on('message', ({ id, request }: { id: number; request: PlannerRequest }) => {
  const plan = request.plan === 'host' ? planHost(request.snapshot) : planFleet(request.snapshot);
  parentPort?.postMessage({ id, plan });
});

import { parentPort } from 'node:worker_threads';
import { planHost } from './plan-host.js';
import { planAndPack } from './plan-record.js';
import type { PlannerRequest } from './planner.js';

parentPort?.on('message', ({ id, request }: { id: number; request: PlannerRequest }) => {
  const plan = request.plan === 'host' ? planHost(request.snapshot) : planAndPack(request.snapshot, request.pack);
  parentPort?.postMessage({ id, plan });
});

import { randomUUID } from 'node:crypto';
import type { ExecutionContext } from 'ava';
import { plusSeconds } from '../../src/common/clock.js';
import type { AddManagersOptions, Manager } from '../../src/simulator/index.js';
import { type Arrived, httpDouble } from './http-double.js';
import { aCloud, aSmallTopology, idOf, type SimulatedCloud } from './simulator.js';

export interface MaintainedCloud extends SimulatedCloud {
  readonly manager: Manager;
  /** What the manager sent to the maintenance service, answers and questions. */
  readonly arrived: readonly Arrived[];
  /** Sends a notice and waits until the manager has answered it, domain time going on as it must. */
  tell(state: string, instances: readonly string[], style?: 'default' | 'vnf'): Promise<Record<string, unknown>>;
  /** Lets domain time and HTTP go on until that holds. */
  until(holds: () => boolean): Promise<void>;
}

/** The small cloud with a manager for `demo`, and a maintenance service that takes every answer. */
export async function aMaintainedCloud(
  t: ExecutionContext,
  options: AddManagersOptions = {},
  listed: { scaleIn?: number } = {},
): Promise<MaintainedCloud> {
  const cloud = await aCloud(t, aSmallTopology());
  const { simulator, clock } = cloud;
  let asked: readonly string[] = [];
  const service = await httpDouble(({ method }) => ({
    body:
      method === 'GET'
        ? {
            instance_ids: asked,
            ...(listed.scaleIn === undefined ? {} : { scale_in: { instances: listed.scaleIn, vcpus: 0 } }),
          }
        : {},
  }));
  t.teardown(() => service.close());
  const [manager] = await simulator.addManagers({ projects: ['demo'], ...options });
  if (manager === undefined) throw new Error('no manager');

  const until = async (holds: () => boolean): Promise<void> => {
    const giveUp = performance.now() + 10_000;
    while (!holds()) {
      if (performance.now() > giveUp) throw new Error('it never came to hold');
      // Many turns of the loop for the requests under way, then a small step of domain time.
      for (let turn = 0; turn < 20 && !holds(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (!holds()) clock.advanceTo(plusSeconds(clock.now(), 0.1));
    }
  };
  const tell: MaintainedCloud['tell'] = async (state, names, style = 'default') => {
    asked = names.map((name) => idOf(simulator, name));
    const url = `${service.url}/v1/maintenance/s/${manager.projectId}`;
    const answers = (): readonly Arrived[] => service.arrived.filter(({ method }) => method === 'PUT');
    const before = answers().length;
    const payload = {
      service: 'fenix',
      session_id: 's',
      project_id: manager.projectId,
      state,
      allowed_actions: state.startsWith('P') ? ['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'] : [],
      instance_ids: style === 'vnf' ? asked : url,
      reply_url: style === 'vnf' ? `${url}/${asked[0]}` : url,
      metadata: {},
    };
    await simulator.deliver({
      eventType: 'maintenance.scheduled',
      payload,
      messageId: randomUUID(),
      timestamp: '2026-01-01 00:00:00.000000',
      publisherId: 'fenix',
      priority: 'INFO',
      context: {},
    });
    if (state === 'INSTANCE_ACTION_DONE') return {};
    await until(() => answers().length > before);
    return answers().at(-1)?.body as Record<string, unknown>;
  };
  return { ...cloud, manager, arrived: service.arrived, tell, until };
}

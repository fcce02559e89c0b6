import { randomUUID } from 'node:crypto';
import type { ExecutionContext } from 'ava';
import { plusSeconds } from '../../src/common/clock.js';
import type { AddManagersOptions, Manager, SimulatorOptions, Topology } from '../../src/simulator/index.js';
import { type Arrived, httpDouble } from './http-double.js';
import { aCloud, aSmallTopology, idOf, type SimulatedCloud } from './simulator.js';

export interface MaintainedCloud extends SimulatedCloud {
  readonly manager: Manager;
  /** What the manager sent to the maintenance service, answers and questions. */
  readonly arrived: readonly Arrived[];
  /** Sends a notice and waits until the manager has answered it, domain time going on as it must. */
  tell(state: string, instances: readonly string[], style?: 'default' | 'vnf'): Promise<Record<string, unknown>>;
  /** Sends a notice and waits for nothing. */
  send(state: string, instances: readonly string[], style?: 'default' | 'vnf'): Promise<void>;
  /** What the manager PUT to the URL of replies. */
  answers(): readonly Record<string, unknown>[];
  /** Lets domain time and HTTP go on until that holds. */
  until(holds: () => boolean): Promise<void>;
}

/** The small cloud with a manager for `demo`, and a maintenance service that takes every answer. */
export async function aMaintainedCloud(
  t: ExecutionContext,
  options: AddManagersOptions = {},
  listed: { scaleIn?: number; topology?: Partial<Topology>; status?: (arrived: Arrived) => number } = {},
  cloudOptions: Partial<SimulatorOptions> = {},
): Promise<MaintainedCloud> {
  const cloud = await aCloud(t, aSmallTopology(listed.topology), cloudOptions);
  const { simulator, clock } = cloud;
  let asked: readonly string[] = [];
  const service = await httpDouble((arrived) => ({
    status: listed.status?.(arrived) ?? 200,
    body:
      arrived.method === 'GET'
        ? {
            instance_ids: asked,
            ...(listed.scaleIn === undefined ? {} : { scale_in: { instances: listed.scaleIn, vcpus: 0 } }),
          }
        : {},
  }));
  t.teardown(() => service.close());
  simulator.setMaintenanceUrl(`${service.url}/v1`);
  const [manager] = await simulator.addManagers({ projects: ['demo'], ...options });
  if (manager === undefined) throw new Error('no manager');

  const until = async (holds: () => boolean): Promise<void> => {
    const giveUp = performance.now() + 50_000;
    while (!holds()) {
      if (performance.now() > giveUp) throw new Error('it never came to hold');
      // Many turns of the loop for the requests under way, then a small step of domain time.
      for (let turn = 0; turn < 20 && !holds(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (!holds()) clock.advanceTo(plusSeconds(clock.now(), 0.1));
    }
  };
  const answers: MaintainedCloud['answers'] = () =>
    service.arrived
      .filter(({ method, path }) => method === 'PUT' && path.startsWith('/v1/maintenance/'))
      .map(({ body }) => body as Record<string, unknown>);
  const send: MaintainedCloud['send'] = async (state, names, style = 'default') => {
    asked = names.map((name) => idOf(simulator, name));
    const url = `${service.url}/v1/maintenance/s/${manager.projectId}`;
    const payload = {
      service: 'fenix',
      session_id: 's',
      project_id: manager.projectId,
      state,
      allowed_actions: state.startsWith('P') ? ['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'] : [],
      instance_ids: style === 'vnf' ? asked : url,
      reply_url: style === 'vnf' ? `${url}/${asked[0]}` : url,
      metadata: { release: 'next', "it's": true },
      ...(state === 'INSTANCE_ACTION_DONE' ? {} : { reply_at: clockText(plusSeconds(clock.now(), 40)) }),
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
  };
  const tell: MaintainedCloud['tell'] = async (state, names, style = 'default') => {
    const before = answers().length;
    await send(state, names, style);
    if (state === 'INSTANCE_ACTION_DONE') return {};
    await until(() => answers().length > before);
    return answers().at(-1) ?? {};
  };
  return { ...cloud, manager, arrived: service.arrived, answers, send, tell, until };
}

function clockText(date: Date): string {
  return date.toISOString().slice(0, 19);
}

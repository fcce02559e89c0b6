import type { ControlRequest } from '../../../src/client/index.js';
import type { Random } from '../../../src/common/random.js';
import type { Topology } from '../../../src/simulator/index.js';
import { between, oneIn } from './knobs.js';

/** Something that people do in the midst of a session, so many seconds after its creation. */
export interface Act {
  readonly afterS: number;
  /**
   * `restart`: the engines are stopped, and another one started; `second-engine`: one more; `continue`: a failed session
   * goes on.
   */
  readonly what: 'restart' | 'second-engine' | 'continue' | ControlRequest;
}

/** In order of time. */
export function randomActs(random: Random, topology: Topology): readonly Act[] {
  const acts: Act[] = [];
  const anytime = (): number => between(random, 1, 500) + random.int(1000) / 1000;
  if (oneIn(random, 3)) {
    for (let times = between(random, 1, 4); times > 0; times -= 1) acts.push({ afterS: anytime(), what: 'restart' });
  }
  if (oneIn(random, 8)) acts.push({ afterS: anytime(), what: 'second-engine' });
  if (oneIn(random, 6)) {
    const afterS = anytime();
    acts.push({ afterS, what: { pause: {} } }, { afterS: afterS + between(random, 5, 200), what: { resume: {} } });
  }
  if (oneIn(random, 12)) acts.push({ afterS: anytime(), what: { abort: {} } });
  if (oneIn(random, 6)) acts.push({ afterS: anytime(), what: aboutHost(random, random.pick(topology.hosts).name) });
  return acts.sort((a, b) => a.afterS - b.afterS);
}

function aboutHost(random: Random, host: string): ControlRequest {
  return random.pick<ControlRequest>([{ skip_host: { host } }, { retry_host: { host } }, { mark_host_done: { host } }]);
}

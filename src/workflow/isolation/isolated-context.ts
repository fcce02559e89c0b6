import type { ActionCloud, ProgramResult, Programs, SignedAnswer } from '../action-tools.js';
import type { ActionContext } from '../contract.js';
import { askedNow } from './asked-clock.js';
import type { EngineLine } from './engine-line.js';
import type { ContextFacts } from './protocol.js';
import type { Telling } from './telling.js';

/** The context as a plug-in has it in a process of its own: whatever it does with it, the engine does. */
export function isolatedContext(facts: ContextFacts, line: EngineLine, telling: Telling): ActionContext {
  return {
    ...facts,
    log: telling.logger(),
    output: telling.output,
    record: telling.record,
    changed: telling.changed,
    signal: line.signal,
    clock: {
      now: askedNow,
      sleep: async (until, signal = line.signal) => {
        await line.call('clock', 'sleep', [until], signal);
      },
    },
    remote: programs(line, 'remote'),
    local: programs(line, 'local'),
    hooks: {
      check: async (target) => void (await line.call('hooks', 'check', [target], line.signal)),
      send: async (target, call) => (await line.call('hooks', 'send', [target, call], line.signal)) as SignedAnswer,
    },
    cloud: cloud(line),
    remember: async (news) => {
      await line.call('memory', 'remember', [news], line.signal);
      Object.assign(facts.remembered, news);
    },
  };
}

function programs(line: EngineLine, target: 'remote' | 'local'): Programs {
  return {
    run: async (argv, options = {}) => (await line.call(target, 'run', [argv, options], line.signal)) as ProgramResult,
  };
}

/** Which methods there are is known on the engine's side alone. */
function cloud(line: EngineLine): ActionCloud {
  return new Proxy({} as ActionCloud, {
    get: (_target, method) => {
      // Whoever awaits the cloud itself would take it for a promise.
      if (typeof method !== 'string' || method === 'then') return undefined;
      return (...args: unknown[]) => {
        const plain = args.filter((arg) => !(arg instanceof AbortSignal));
        return line.call('cloud', method, plain, line.signal);
      };
    },
  });
}

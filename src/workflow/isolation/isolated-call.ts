import type { MachineClock } from '../../common/clock.js';
import { FenixError, Stopped } from '../../common/errors.js';
import { marked } from '../../common/tail.js';
import { tellWork } from '../../common/under-way.js';
import type { ActionCloud, Programs, SignedCalls } from '../action-tools.js';
import type { ActionContext } from '../contract.js';
import type { ActionMethod } from '../plugin-checks.js';
import { withFacts } from '../running/facts.js';
import { PluginProcess } from './plugin-process.js';
import { type CallOrder, type FromPlugin, received, type Told, type ToPlugin, toSend } from './protocol.js';

const ENTRY = new URL('./call-process.js', import.meta.url);
/** A plug-in that talks without end is heard this often. */
const HEARD_EVERY_MS = 50;

/** Complete by its type: what the contract does not lend is not to be had from a process either. */
const LENT: Readonly<Record<keyof ActionCloud, true>> = {
  services: true,
  capacities: true,
  occupants: true,
  aggregates: true,
  server: true,
  proves: true,
  enableService: true,
  disableService: true,
  hypervisor: true,
  deleteService: true,
  addToAggregate: true,
  removeFromAggregate: true,
  deleteProvider: true,
  serversNamed: true,
  boot: true,
  deleteServer: true,
  guardedHosts: true,
  setOnMaintenance: true,
};

export interface CallSettings {
  readonly memoryMiB: number;
  /** Machine seconds between the abort of the context's signal and the end of the process. */
  readonly graceS: number;
}

type Call = Extract<FromPlugin, { say: 'call' }>;

/** A plug-in is asked one thing, in a process of its own, with a context that is this one's. */
export class IsolatedCall {
  private readonly underWay = new Map<number, AbortController>();
  private readonly process: PluginProcess;
  private readonly outcome: Promise<string | boolean>;
  private settle: { resolve(value: string | boolean): void; reject(error: Error): void } | undefined;
  private isWorking = false;
  private isHearing = false;

  constructor(
    file: string,
    method: ActionMethod,
    private readonly context: ActionContext,
    private readonly settings: CallSettings,
    private readonly machine: MachineClock,
  ) {
    const { sessionId, host, type, phase, name, metadata, sessionMetadata, attempt } = context;
    const { files, localFiles, remembered, checked } = context;
    const asked = { sessionId, host, type, phase, name, metadata, sessionMetadata, attempt };
    const facts = { ...asked, files, localFiles, remembered, checked };
    const order: CallOrder = { file, method, facts };
    this.outcome = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    this.process = new PluginProcess(ENTRY, order, {
      memoryMiB: settings.memoryMiB,
      onMessage: (message) => this.take(message as FromPlugin),
      onPrinted: context.output,
      now: () => context.clock.now(),
    });
  }

  /** Resolves when the process is gone. */
  get gone(): Promise<unknown> {
    return this.process.ended;
  }

  terminate(): Promise<void> {
    return this.process.terminate();
  }

  /**
   * What the plug-in answered.
   * @throws whatever it threw; Stopped when it ended because it was told to; Error naming how else its process ended
   */
  async run(): Promise<string | boolean> {
    const { signal, name } = this.context;
    let cancelGrace = (): void => undefined;
    const onAbort = (): void => {
      this.say({ say: 'abort' });
      cancelGrace = this.machine.after(this.settings.graceS * 1000, () => {
        this.settle?.reject(signal.aborted ? new Stopped() : new Error(`${name} was ended.`));
        void this.process.terminate();
      });
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    this.works(true);
    void this.process.ended.then((why) => {
      this.settle?.reject(signal.aborted ? new Stopped() : new Error(`${name} ${why}.`));
    });
    try {
      return await this.outcome;
    } finally {
      cancelGrace();
      signal.removeEventListener('abort', onAbort);
      for (const call of this.underWay.values()) call.abort();
      this.works(false);
      void this.process.terminate();
    }
  }

  /** Nothing that a process sends may be an error of the engine. */
  private take(message: FromPlugin): void {
    try {
      if (message.say === 'call') this.begin(message);
      else if (message.say === 'cancel') this.underWay.get(message.id)?.abort();
      else if (message.say === 'unhandled')
        this.end(new Error(`${this.context.name} left an error unhandled: ${message.message}.`));
      else if ('told' in message) this.hear(message);
    } catch (error) {
      this.end(new Error(`${this.context.name} cannot be understood: ${toSend(error).message}`));
    }
  }

  private hear(message: Extract<FromPlugin, { told: Told }>): void {
    const { output, record, changed, log } = this.context;
    const { told } = message;
    if (this.isHearing && message.say === 'told') throw new Error('it speaks before it was heard');
    if (told.output !== '') output(marked({ text: told.output, dropped: told.dropped }));
    if (Object.keys(told.facts).length > 0) record(told.facts);
    for (const change of told.changes) changed(change);
    for (const { level, fields, message: text } of told.lines) log[level](fields, text);
    if (told.droppedLines > 0) log.warn({ lines: told.droppedLines }, 'the plug-in logs more than is kept');
    if (message.say === 'returned') this.settle?.resolve(message.value);
    else if (message.say === 'threw') this.settle?.reject(received(message.error));
    else {
      this.isHearing = true;
      this.machine.after(HEARD_EVERY_MS, () => {
        this.isHearing = false;
        this.say({ say: 'heard' });
      });
    }
  }

  private begin(call: Call): void {
    const { id } = call;
    const cancelled = new AbortController();
    this.underWay.set(id, cancelled);
    this.works(false);
    this.carryOut(call, AbortSignal.any([this.context.signal, cancelled.signal])).then(
      (value) => this.answer(id, { say: 'answer', id, value }),
      (error) => this.answer(id, { say: 'refusal', id, error: toSend(error) }),
    );
  }

  private answer(id: number, message: ToPlugin): void {
    this.underWay.delete(id);
    if (this.underWay.size === 0) this.works(true);
    try {
      this.process.post(message);
    } catch (error) {
      this.say({ say: 'refusal', id, error: toSend(error) });
    }
  }

  private async carryOut({ target, method, args }: Call, signal: AbortSignal): Promise<unknown> {
    const { clock, remote, local, hooks, cloud } = this.context;
    if (target === 'clock') return clock.sleep(args[0] as Date, signal);
    if (target === 'remote') return run(remote, args);
    if (target === 'local') return run(local, args);
    if (target === 'hooks') return callHook(hooks, method, args);
    if (target === 'memory') return this.context.remember(withFacts({}, Object(args[0])));
    if (!Object.hasOwn(LENT, method)) {
      const message = `The cloud that plug-ins are lent has no "${method}"; it has: ${Object.keys(LENT).join(', ')}.`;
      throw new FenixError('terminal', 'not-lent', message);
    }
    const ask = cloud[method as keyof ActionCloud] as (...args: unknown[]) => Promise<unknown>;
    return ask.apply(cloud, args);
  }

  private end(error: Error): void {
    this.settle?.reject(error);
    void this.process.terminate();
  }

  private say(message: ToPlugin): void {
    this.process.post(message);
  }

  /** Whether it does something by itself, or all that it waits for is up to the engine. */
  private works(working: boolean): void {
    if (working === this.isWorking) return;
    this.isWorking = working;
    tellWork(working);
  }
}

/** What of it is no text is refused where it is looked at. */
function callHook(hooks: SignedCalls, method: string, [target, call]: readonly unknown[]): Promise<unknown> {
  const { url, secret } = Object(target);
  const named = { url: String(url), secret: String(secret) };
  if (method === 'check') return hooks.check(named);
  const { key, body } = Object(call);
  return hooks.send(named, { key: String(key), body: Object(body) });
}

/** In this process the compiler sees to it. */
function run(programs: Programs, [argv, options]: readonly unknown[]): Promise<unknown> {
  if (!Array.isArray(argv) || argv.length === 0 || argv.some((element) => typeof element !== 'string')) {
    throw new FenixError('input', 'argv', 'argv must be a list of texts, the program first.', { field: 'argv' });
  }
  return programs.run(argv, Object(options));
}

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { sentenceOf } from '../running/sentence.js';

/** What a plug-in may see of the environment of the engine, in which passwords may stand. */
const VISIBLE = ['PATH', 'HOME', 'LANG', 'TZ'];
const YOUNG_MIB = 16;
const STACK_MIB = 4;

export interface ThreadOptions {
  readonly memoryMiB: number;
  /** Called for each message, in this thread. */
  onMessage(message: unknown): void;
}

/** One thread for one thing that a plug-in is asked. Nothing that happens in it is an error here. */
export class Thread {
  /** Why it ended by itself, as the end of a sentence that begins with the plug-in. */
  readonly ended: Promise<string>;
  private readonly worker: Worker;
  private readonly port: MessagePort;

  /** @param entry module of the thread; it gets `given` and the `port` to talk by as workerData */
  constructor(entry: URL, given: object, { memoryMiB, onMessage }: ThreadOptions) {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    port1.on('message', onMessage);
    this.worker = new Worker(entry, {
      workerData: { ...given, port: port2 },
      transferList: [port2],
      env: Object.fromEntries(
        VISIBLE.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
      ),
      argv: [],
      execArgv: [],
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: {
        maxOldGenerationSizeMb: memoryMiB,
        maxYoungGenerationSizeMb: YOUNG_MIB,
        stackSizeMb: STACK_MIB,
      },
    });
    this.ended = new Promise((resolve) => {
      let why: string | undefined;
      this.worker.on('error', (error) => {
        why = reasonOf(error, memoryMiB);
      });
      this.worker.on('exit', (code) => {
        // What it said last may not have been heard yet.
        for (let last = receiveMessageOnPort(port1); last !== undefined; last = receiveMessageOnPort(port1)) {
          onMessage(last.message);
        }
        resolve(why ?? `ended its process with exit code ${code}`);
        port1.close();
      });
    });
  }

  post(message: unknown): void {
    this.port.postMessage(message);
  }

  async terminate(): Promise<void> {
    await this.worker.terminate();
  }
}

/** The thread's errors are of another realm, and whatever was thrown there. */
function reasonOf(error: unknown, memoryMiB: number): string {
  const { code } = Object(error) as { readonly code?: unknown };
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return usesTooMuch(memoryMiB);
  return `left an error unhandled: ${sentenceOf(error)}`;
}

export function usesTooMuch(memoryMiB: number): string {
  return `used more than ${memoryMiB} MiB of memory`;
}

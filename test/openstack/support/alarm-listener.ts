import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { ExecutionContext } from 'ava';

/** [name, type, value], as Aodh sends it. */
export type Trait = readonly [name: string, type: number, value: unknown];

/** Aodh's POST, as far as anybody here reads it. */
export interface AlarmPost {
  readonly alarm_id: string;
  readonly current: string;
  readonly reason_data: {
    readonly type: string;
    readonly event: { readonly event_type: string; readonly message_id: string; readonly traits: readonly Trait[] };
  };
}

export interface Received {
  readonly at: Date;
  readonly post: AlarmPost;
}

/** Where an alarm's POSTs go: keeps them all, in order, and hands each on. */
export class AlarmListener {
  readonly received: Received[] = [];

  private constructor(readonly url: string) {}

  /** Listens until the test ends. @param take is given each POST after it was answered */
  static async start(t: ExecutionContext, take: (post: AlarmPost) => void = () => undefined): Promise<AlarmListener> {
    const server = createServer(async (request, response) => {
      const post = JSON.parse(await text(request)) as AlarmPost;
      response.writeHead(204).end();
      listener.received.push({ at: new Date(), post });
      take(post);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => server.close());
    const listener = new AlarmListener(`http://127.0.0.1:${(server.address() as { port: number }).port}/maintenance`);
    return listener;
  }
}

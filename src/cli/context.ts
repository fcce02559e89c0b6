import type { Command } from 'commander';
import type { FenixClient } from '../client/index.js';
import { resolveCloud } from './auth/cloud.js';
import { type Connection, connect } from './auth/connect.js';
import { givenOf } from './auth/options.js';
import { logged } from './auth/request-log.js';
import { transportFor } from './auth/transport.js';
import type { CliIo } from './io.js';
import { type OutputOptions, tableWidth } from './output/options.js';
import { render, type View } from './output/render.js';
import { spokenText } from './text.js';

interface ProgramOptions {
  readonly osCloud?: string;
  readonly debug?: boolean;
  readonly httpTimeout: number;
}

/** What a command works with. */
export class CliContext {
  private connection: Promise<Connection> | undefined;

  constructor(
    private readonly program: Command,
    readonly io: CliIo,
  ) {}

  /** Authenticated at the first call. @throws UsageError, FenixError */
  connect(): Promise<Connection> {
    this.connection ??= this.connected();
    return this.connection;
  }

  /** @throws UsageError, FenixError */
  async client(): Promise<FenixClient> {
    return (await this.connect()).client;
  }

  /** The project that is named, else that of the token. */
  async projectId(named: string | undefined): Promise<string> {
    return named ?? (await (await this.connect()).projectId());
  }

  show(view: View, options: OutputOptions): void {
    this.io.stdout.write(render(view, options.format, options.column, tableWidth(options, this.io)));
  }

  /** A remark for people that is no part of the answer. */
  tell(sentence: string): void {
    this.io.stderr.write(`${spokenText(sentence)}\n`);
  }

  private async connected(): Promise<Connection> {
    const { io, program } = this;
    const { osCloud, debug = false, httpTimeout } = program.opts<ProgramOptions>();
    const options = resolveCloud(givenOf(program), osCloud, io);
    const send = io.fetch ?? (await transportFor(options));
    return connect(options, {
      send: debug ? logged(send, (line) => void io.stderr.write(`${line}\n`)) : send,
      timeoutMs: httpTimeout * 1000,
      signal: io.signal,
    });
  }
}

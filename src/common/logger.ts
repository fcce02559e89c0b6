import { Writable } from 'node:stream';
import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';
import { PinoPretty } from 'pino-pretty';
import { escapeUnsafe } from './unsafe-text.js';

/** Structured logging: a constant message plus fields. Children carry session, host, instance and request id. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}
export const Logger: unique symbol = Symbol('Logger');

export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'silent';
export type LogFormat = 'json' | 'text';

export interface LogSettings {
  readonly level: LogLevel;
  /** `json`: one object per line; `text`: for people. */
  readonly format: LogFormat;
}

/** A logger that writes to `destination`, by default standard error. */
export function createLogger(settings: LogSettings, destination?: DestinationStream): Logger {
  const options = {
    level: settings.level === 'warning' ? 'warn' : settings.level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const out = destination ?? pino.destination({ dest: 2, sync: true });
  const root = pino(options, settings.format === 'text' ? forPeople(out, destination === undefined) : escaping(out));
  return wrap(root, () => root);
}

/** Names in fields come from the cloud and its users. */
function escaping(out: DestinationStream): DestinationStream {
  return { write: (line) => out.write(escapeUnsafe(line)) };
}

function forPeople(out: DestinationStream, isOurs: boolean): DestinationStream {
  const write = (text: unknown, _encoding: unknown, done: () => void): void => {
    out.write(escapeUnlessColor(String(text)));
    done();
  };
  return PinoPretty({
    destination: new Writable({ decodeStrings: false, write }),
    translateTime: 'UTC:yyyy-mm-dd HH:MM:ss.l',
    colorize: isOurs && process.stderr.isTTY,
    // Fields are shown as JSON, the message as it is.
    messageFormat: (fields, key) => escapeUnsafe(String(fields[key])),
  });
}

/** The colours are escape sequences; those in fields are escaped already, as in all JSON. */
function escapeUnlessColor(text: string): string {
  return text.split('\x1b').map(escapeUnsafe).join('\x1b');
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

/** @param make is called when there is something to be written: most requests' own loggers never have anything */
function wrap(root: PinoLogger, make: () => PinoLogger): Logger {
  let made: PinoLogger | undefined;
  const inner = (): PinoLogger => {
    made ??= make();
    return made;
  };
  return {
    debug: (fields, message) => {
      if (root.isLevelEnabled('debug')) inner().debug(fields, message);
    },
    info: (fields, message) => inner().info(fields, message),
    warn: (fields, message) => inner().warn(fields, message),
    error: (fields, message) => inner().error(fields, message),
    child: (fields) => wrap(root, () => inner().child(fields)),
  };
}

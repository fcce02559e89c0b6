import type { Logger } from '../../src/common/logger.js';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

/** A logger that hands every line on, with what its parents added. */
export function logInto(take: (line: LogLine) => void, inherited: object = {}): Logger {
  const at =
    (level: LogLine['level']) =>
    (fields: object, message: string): void =>
      take({ level, message, fields: { ...inherited, ...fields } });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => logInto(take, { ...inherited, ...fields }),
  };
}

import type { Logger } from '../../common/logger.js';

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** A logger that keeps its lines in `lines`. */
export function recordingLogger(lines: LoggedLine[], bound: object = {}): Logger {
  const at =
    (level: LoggedLine['level']) =>
    (fields: object, message: string): void =>
      void lines.push({ level, fields: { ...bound, ...fields }, message });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => recordingLogger(lines, { ...bound, ...fields }),
  };
}

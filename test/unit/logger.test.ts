import test from 'ava';
import { createLogger, type LogFormat } from '../../src/common/logger.js';

const HOST = 'compute-1\u001b[2J\u009b31m\u202e\u2028{"level":"error"}\u0085';

function logged(format: LogFormat): string {
  let text = '';
  const write = (line: string): void => {
    text += line;
  };
  createLogger({ level: 'info', format }, { write }).info({ host: HOST }, `host ${HOST}`);
  return text;
}

test('a line of the log stays one, and shows no terminal anything but text, whatever names are in it', (t) => {
  const json = logged('json');
  t.notRegex(json.trimEnd(), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  t.like(JSON.parse(json), { level: 'info', host: HOST, msg: `host ${HOST}` });
});

test('for people, too, control characters are written out, in the message and in fields', (t) => {
  const text = logged('text');
  t.notRegex(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  t.regex(text, /^\[.* INFO: host compute-1\\u001b\[2J\\u009b31m\\u202e\\u2028/);
  t.regex(text, /^ {4}host: "compute-1\\u001b\[2J\\u009b31m\\u202e\\u2028/m);
});

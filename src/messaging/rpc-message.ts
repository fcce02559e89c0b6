import { FenixError } from '../common/errors.js';
import { isObject } from '../common/is-object.js';
import type { Content } from './envelope.js';
import { newHexId } from './ids.js';
import { parseJson, stringifyJson } from './json.js';
import { OWN_MODULE, ownErrorKwargs, RemoteError, type RemoteException } from './remote-error.js';

/** Values that travel with a message as `_context_<key>`. Never a token. */
export type WireContext = Readonly<Record<string, unknown>>;

const CONTEXT_PREFIX = '_context_';

/** What is to be called; absent namespace and version are left out. */
export interface Invocation {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly namespace?: string | undefined;
  /** `major.minor[.revision]`. */
  readonly version?: string | undefined;
}

/** What makes a request a call. */
export interface ReplyAddress {
  readonly msgId: string;
  readonly replyQueue: string;
  /** Seconds after which a silent server counts as lost; null = no heartbeats. Not the time-out of the call. */
  readonly monitorTimeoutS: number | null;
}

/** An RPC request; with `reply` a call, without it a cast. */
export function requestContent(call: Invocation, context: WireContext, reply?: ReplyAddress): Content {
  return {
    method: call.method,
    args: call.args,
    ...(call.namespace !== undefined && { namespace: call.namespace }),
    ...(call.version !== undefined && { version: call.version }),
    ...(reply && { _msg_id: reply.msgId, _reply_q: reply.replyQueue, _timeout: reply.monitorTimeoutS }),
    _unique_id: newHexId(),
    ...contextContent(context),
  };
}

/** A request as it came: peers may send odd types, so what dispatch looks at is unknown until looked at. */
export interface ReceivedRequest {
  readonly method: unknown;
  readonly args: unknown;
  /** Null when absent. */
  readonly namespace: unknown;
  /** `1.0` when absent. */
  readonly version: unknown;
  /** With `client_timeout` (the `_timeout` of the request or null), which Python servers add as well. */
  readonly context: WireContext;
  readonly uniqueId: unknown;
  /** Undefined for a cast. */
  readonly reply: ReplyAddress | undefined;
}

export function parseRequest(content: Content): ReceivedRequest {
  const { _msg_id: msgId, _reply_q: replyQueue, _timeout: timeout } = content;
  const addressed = typeof msgId === 'string' && typeof replyQueue === 'string';
  const monitorTimeoutS = typeof timeout === 'number' ? timeout : null;
  return {
    method: content.method,
    args: 'args' in content ? content.args : {},
    namespace: content.namespace ?? null,
    version: 'version' in content ? content.version : '1.0',
    context: { ...contextOf(content), client_timeout: timeout ?? null },
    uniqueId: content._unique_id,
    reply: addressed ? { msgId, replyQueue, monitorTimeoutS } : undefined,
  };
}

/** A reply with the method's result; undefined leaves as null. */
export function resultContent(msgId: string, result: unknown): Content {
  return { result: result ?? null, failure: null, ending: true, _msg_id: msgId, _unique_id: newHexId() };
}

/** A sign of life. Only for requests that asked for it: others crash a Python client. */
export function heartbeatContent(msgId: string): Content {
  return { ...resultContent(msgId, null), ending: false };
}

export function failureContent(msgId: string, thrown: unknown): Content {
  return { ...resultContent(msgId, null), failure: stringifyJson(serializeFailure(thrown)) };
}

/** A reply as it came. */
export interface ReceivedReply {
  readonly msgId: unknown;
  readonly result: unknown;
  readonly failure: RemoteException | undefined;
  /** False for heartbeats, and for the value of the old form in which an empty ending follows. */
  readonly ending: boolean;
}

export function parseReply(content: Content): ReceivedReply {
  const failure = content.failure ?? null;
  return {
    msgId: content._msg_id,
    result: content.result ?? null,
    failure: failure === null ? undefined : parseFailure(failure),
    ending: content.ending !== false,
  };
}

export function contextContent(context: WireContext): Content {
  return Object.fromEntries(Object.entries(context).map(([key, value]) => [CONTEXT_PREFIX + key, value]));
}

export function contextOf(content: Content): WireContext {
  const entries = Object.entries(content).filter(([key]) => key.startsWith(CONTEXT_PREFIX));
  return Object.fromEntries(entries.map(([key, value]) => [key.slice(CONTEXT_PREFIX.length), value]));
}

function serializeFailure(thrown: unknown): Content {
  const remote = thrown instanceof RemoteError ? thrown.remote : describeError(thrown);
  const { className, module, message, traceback, args = [message], kwargs = {} } = remote;
  // A Python peer names so what it restored; passed on, it is what it was.
  const [name, path] = [className, module].map((text) => text.replace(/_Remote$/, ''));
  return { class: name, module: path, message, tb: traceback, args, kwargs };
}

/** JavaScript's TypeError is Python's; all other classes mean nothing to a Python client, which shows their names. */
function describeError(thrown: unknown): RemoteException {
  if (!(thrown instanceof Error)) {
    return { className: 'Error', module: OWN_MODULE, message: String(thrown), traceback: [] };
  }
  const { name: className, message } = thrown;
  const frames = (thrown.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  const traceback = [...frames.map((line) => `${line}\n`), `${className}: ${message}\n`];
  if (thrown instanceof TypeError) return { className, module: 'builtins', message, traceback };
  const kwargs = thrown instanceof FenixError ? ownErrorKwargs(thrown) : {};
  return { className, module: OWN_MODULE, message, traceback, kwargs };
}

function parseFailure(failure: unknown): RemoteException {
  const fields = typeof failure === 'string' ? parsedOrText(failure) : failure;
  if (!isObject(fields)) return { className: '', module: '', message: String(fields), traceback: [] };
  return {
    className: textOr(fields.class, ''),
    module: textOr(fields.module, ''),
    message: textOr(fields.message, ''),
    traceback: Array.isArray(fields.tb) ? fields.tb.map(String) : [],
    ...(Array.isArray(fields.args) && { args: fields.args }),
    kwargs: isObject(fields.kwargs) ? fields.kwargs : {},
  };
}

function parsedOrText(failure: string): unknown {
  try {
    return parseJson(failure);
  } catch {
    return failure;
  }
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

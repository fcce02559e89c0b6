import { ERROR_KINDS, type ErrorKind, FenixError } from '../common/errors.js';

/** An exception as it travels in a reply. */
export interface RemoteException {
  /** E.g. `NoSuchMethod`. */
  readonly className: string;
  /** Python module path, e.g. `builtins`; `fenix` for errors of our own. */
  readonly module: string;
  readonly message: string;
  /** Lines, each ending in a line feed. */
  readonly traceback: readonly string[];
  /** Arguments of its constructor; absent = the message alone. */
  readonly args?: readonly unknown[];
  /** What else the exception carries. */
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

/** The server ran into an error, or refused: code `remote-error`. Thrown by a handler it travels as it is. */
export class RemoteError extends FenixError {
  constructor(readonly remote: RemoteException) {
    super('terminal', 'remote-error', `Remote error: ${remote.className} ${remote.message}`);
  }
}

/** An error of a class of ours in place of a peer's exception; undefined for one that is not known. */
export type RestoreError = (remote: RemoteException) => FenixError | undefined;

/** Python path of errors of our own. */
export const OWN_MODULE = 'fenix';

/** What {@link ownErrorKwargs} made of a FenixError becomes one again, with the remote one as its cause. */
export function restoreFenixError(remote: RemoteException): FenixError | undefined {
  const { kind, code, in_doubt: inDoubt } = remote.kwargs ?? {};
  if (remote.className !== 'FenixError' || typeof code !== 'string' || !isErrorKind(kind)) return undefined;
  return new FenixError(kind, code, remote.message, { cause: new RemoteError(remote), inDoubt: inDoubt === true });
}

/** What a FenixError is besides its sentence. */
export function ownErrorKwargs({ kind, code, inDoubt }: FenixError): Readonly<Record<string, unknown>> {
  return { kind, code, ...(inDoubt && { in_doubt: true }) };
}

function isErrorKind(kind: unknown): kind is ErrorKind {
  return ERROR_KINDS.some((known) => known === kind);
}

const DISPATCHER = 'oslo_messaging.rpc.dispatcher';

/** No endpoint has the namespace in a compatible version. */
export function unsupportedVersion(version: unknown, method: unknown): RemoteError {
  const message = `Endpoint does not support RPC version ${String(version)}. Attempted method: ${String(method)}`;
  return dispatchError('UnsupportedVersion', message);
}

/** Such an endpoint is there, but without that (public) method. */
export function noSuchMethod(method: unknown): RemoteError {
  return dispatchError('NoSuchMethod', `Endpoint does not support RPC method ${String(method)}`);
}

function dispatchError(className: string, message: string): RemoteError {
  const traceback = [`${DISPATCHER}.${className}: ${message}\n`];
  return new RemoteError({ className, module: DISPATCHER, message, traceback });
}

import { FenixError } from '../common/errors.js';

/** An exception as it travels in a reply. */
export interface RemoteException {
  /** E.g. `NoSuchMethod`. */
  readonly className: string;
  /** Python module path, e.g. `builtins`; `fenix` for errors of our own. */
  readonly module: string;
  readonly message: string;
  /** Lines, each ending in a line feed. */
  readonly traceback: readonly string[];
  /** What else the exception carries. */
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

/** The server ran into an error, or refused: code `remote-error`. Thrown by a handler it travels as it is. */
export class RemoteError extends FenixError {
  constructor(readonly remote: RemoteException) {
    super('terminal', 'remote-error', `Remote error: ${remote.className} ${remote.message}`);
  }
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

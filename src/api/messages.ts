import { IncomingMessage, type RequestListener, type ServerOptions, ServerResponse } from 'node:http';
import type { Express } from 'express';

/** Of which classes a server makes requests and responses. */
export type MessageClasses = Required<Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'>>;

/** An application that says of which classes its requests and responses had best be. */
export type ApiApp = RequestListener & { readonly messages?: MessageClasses };

/** What an express application makes the prototype of each request and response; its types do not have them. */
interface Prototypes {
  request: object;
  response: object;
}

/**
 * Classes whose instances are from the beginning what `app` makes of requests and responses. Those of other classes are given
 * another prototype, after which the JavaScript engine cannot optimize what is done with them: it takes as long again.
 */
export function ownMessages(app: Express): MessageClasses {
  class Incoming extends IncomingMessage {}
  class Outgoing<Request extends IncomingMessage> extends ServerResponse<Request> {}
  const prototypes = app as unknown as Prototypes;
  Object.setPrototypeOf(Incoming.prototype, prototypes.request);
  Object.setPrototypeOf(Outgoing.prototype, prototypes.response);
  prototypes.request = Incoming.prototype;
  prototypes.response = Outgoing.prototype;
  return { IncomingMessage: Incoming, ServerResponse: Outgoing };
}

export { AUTH_TYPES, type AuthOptions, type AuthPlace, credentialsFrom } from './auth-options.js';
export type { Interface } from './catalog.js';
export type { KeystoneCredentials } from './credentials.js';
export type { Method, Query } from './http.js';
export {
  identityOf,
  type KeystoneAuthSettings,
  keystoneAuth,
  serviceIdentityOf,
  stripIdentityHeaders,
  Unauthenticated,
} from './middleware.js';
export {
  KeystoneSession,
  type KeystoneSessionSettings,
  type Microversion,
  type ServiceAnswer,
  type ServiceRequest,
} from './session.js';
export type { Fetch, FetchOptions, TlsSettings } from './tls-fetch.js';
export { type AccessRule, type Identity, identityFrom } from './token.js';
export { TokenValidator, type TokenValidatorSettings, type ValidateOptions } from './token-validator.js';

/** The cloud says no: an HTTP status and the sentence that the service would give. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 406 | 409,
    message: string,
    /** Of services that give codes besides. */
    readonly code?: string,
  ) {
    super(message);
  }
}

export function notFound(instanceId: string): Refusal {
  return new Refusal(404, `Instance ${instanceId} could not be found.`);
}

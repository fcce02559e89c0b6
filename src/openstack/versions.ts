import { FenixError } from '../common/errors.js';
import type { KeystoneSession, Microversion } from '../keystone-auth-middleware/index.js';

/** Microversion as integers: 2.100 is newer than 2.9. */
export type Version = readonly [major: number, minor: number];

/** The lowest microversion that has what a call needs, and what that is: the end of "… is needed …". */
export interface Need {
  readonly version: Version;
  readonly what: string;
}

export function need(major: number, minor: number, what: string): Need {
  return { version: [major, minor], what };
}

/** What a service offers, and what comes between its endpoint and the paths of its API. */
interface Offer {
  /** Undefined where it has no microversions. */
  readonly range: { readonly min: Version; readonly max: Version } | undefined;
  readonly prefix: string;
}

/** One version in a version document; Placement calls the newest `max_version`. */
interface VersionDocument {
  readonly id: string;
  readonly version?: string;
  readonly max_version?: string;
  readonly min_version?: string;
}

/** Nova's root answers 300 in old releases. */
const ROOT_STATUSES = [300];
/** What some catalogs add to Nova's address: the project's id, which has no version document. */
const PROJECT = /\/(AUTH_)?[0-9a-f]{32}$|\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The microversions of one service, by its version document (GET of its endpoint). It is read once, and again before a
 * call is refused: the cloud may have been upgraded meanwhile.
 */
export class Versions {
  private known: Promise<Offer> | undefined;

  constructor(
    private readonly session: Pick<KeystoneSession, 'request' | 'endpoint'>,
    private readonly serviceType: string,
    private readonly timeoutMs: number,
  ) {}

  /**
   * Makes sure that the service has what a call needs.
   * @returns the microversion to ask for, and the prefix of its path
   * @throws FenixError `terminal`, `cloud-too-old`, naming the need and what the service offers; else that of the
   *   version document
   */
  async meet(wanted: Need): Promise<{ readonly microversion: Microversion; readonly prefix: string }> {
    let offer = await this.offer();
    if (!includes(offer, wanted.version)) offer = await this.offer(true);
    const { serviceType } = this;
    if (!includes(offer, wanted.version)) throw tooOld(serviceType, wanted, offer);
    const [major, minor] = wanted.version;
    return { microversion: { service: serviceType, major, minor }, prefix: offer.prefix };
  }

  /** What the service offers, e.g. `Nova offers 2.1 to 2.93`. */
  async describe(): Promise<string> {
    return `${titleOf(this.serviceType)} offers ${offerText(await this.offer())}`;
  }

  /** @param anew does not rely on what was read before */
  private offer(anew = false): Promise<Offer> {
    if (anew) this.known = undefined;
    this.known ??= this.read().catch((error) => {
      this.known = undefined;
      throw error;
    });
    return this.known;
  }

  private async read(): Promise<Offer> {
    const { serviceType } = this;
    const base = (await this.session.endpoint({ serviceType })).replace(PROJECT, '');
    const request = { serviceType, base, path: '/', accepts: ROOT_STATUSES, timeoutMs: this.timeoutMs };
    const { body } = await this.session.request(request).catch((error: unknown) => {
      throw aboutDocument(base, serviceType, error);
    });
    const { version, versions } = (body ?? {}) as { version?: VersionDocument; versions?: VersionDocument[] };
    if (version !== undefined) return { range: rangeOf(version), prefix: '' };
    const [best] = [...(versions ?? [])].sort((a, b) => compare(newest(b), newest(a)));
    if (best === undefined) {
      const sentence = `${base}/ does not say which versions it has: is it the address of ${titleOf(serviceType)}?`;
      throw new FenixError('terminal', 'version-unknown', sentence);
    }
    // Placement's API begins at its root, Nova's below the version.
    return { range: rangeOf(best), prefix: serviceType === 'compute' ? `/${best.id}` : '' };
  }
}

/** A refusal of the document says nothing about whatever a call is about: its 404 is no server that is gone. */
function aboutDocument(base: string, serviceType: string, error: unknown): unknown {
  if (!(error instanceof FenixError) || error.retryable) return error;
  const sentence = `${titleOf(serviceType)} does not show its versions at ${base}/: ${error.message}`;
  return new FenixError('terminal', 'version-unknown', sentence, { cause: error });
}

function includes({ range }: Offer, version: Version): boolean {
  return range !== undefined && compare(range.min, version) <= 0 && compare(version, range.max) <= 0;
}

function compare([majorA, minorA]: Version, [majorB, minorB]: Version): number {
  return majorA - majorB || minorA - minorB;
}

/** `2.93`, as the header has it. */
export function versionText([major, minor]: Version): string {
  return `${major}.${minor}`;
}

/** As people call it. */
function titleOf(serviceType: string): string {
  return (
    { compute: 'Nova', placement: 'Placement', alarming: 'Aodh', identity: 'Keystone' }[serviceType] ?? serviceType
  );
}

function offerText({ range }: Offer): string {
  return range === undefined ? 'no microversions' : `${versionText(range.min)} to ${versionText(range.max)}`;
}

function tooOld(serviceType: string, { version, what }: Need, offer: Offer): FenixError {
  const sentence = `${titleOf(serviceType)} offers ${offerText(offer)}, but microversion ${versionText(version)} is needed ${what}.`;
  return new FenixError('terminal', 'cloud-too-old', sentence);
}

function rangeOf(document: VersionDocument): Offer['range'] {
  const [min, max] = [versionOf(document.min_version), newest(document)];
  return compare(max, NONE) === 0 || min === undefined ? undefined : { min, max };
}

const NONE: Version = [0, 0];

function newest({ version, max_version }: VersionDocument): Version {
  return versionOf(max_version) ?? versionOf(version) ?? NONE;
}

/** Empty in the documents of versions without microversions. */
function versionOf(text: string | undefined): Version | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)$/.exec(text ?? '') ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}

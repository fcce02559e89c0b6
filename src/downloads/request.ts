import type { AllowedHosts } from '../common/allowed-hosts.js';

/* What may be asked to be downloaded (v1 §6.2): the API refuses by it what an admin asks for, the engine what it is given. */

export interface DownloadRules {
  readonly allowedHosts: AllowedHosts;
  readonly requireHttps: boolean;
  readonly requireSha256: boolean;
}

/** Directories that archives are unpacked to, which the session's plug-ins are looked for in. */
export const UNPACKED = ['workflow', 'actions'] as const;
export type Unpacked = (typeof UNPACKED)[number];

export type ArchiveForm = 'tar' | 'tar.gz' | 'zip';

export interface DownloadTarget {
  /** Without fragment. */
  readonly url: URL;
  /** What the file is called in the session's directory. */
  readonly fileName: string;
  /** Lower-case hex; null where the URL names none. */
  readonly sha256: string | null;
  /** For an archive of plug-ins: how it is packed, and where its contents go. */
  readonly archive: { readonly form: ArchiveForm; readonly into: Unpacked } | null;
}

const SUFFIXES: readonly (readonly [suffix: string, form: ArchiveForm])[] = [
  ['.tar', 'tar'],
  ['.tar.gz', 'tar.gz'],
  ['.tgz', 'tar.gz'],
  ['.zip', 'zip'],
];
/** Packed in a way that nothing here can undo. */
const FOREIGN = /\.(gz|bz2|xz|zst|lz|lzma|tbz2?|txz|tzst|7z|rar|cpio|ar|deb|rpm|whl|jar)$/;
const LONGEST_NAME = 128;

/** A sentence's end on why the URL is not downloaded from, or what it asks for. */
export function downloadTarget(text: string, rules: DownloadRules): DownloadTarget | { readonly refused: string } {
  if (rules.allowedHosts.isEmpty) return { refused: 'cannot be downloaded: download_allowed_hosts names no host.' };
  const url = parse(text);
  if (url === undefined) return { refused: 'must be an absolute URL with https:// (or http://) and a host.' };
  const refused = addressProblem(url, rules);
  if (refused !== undefined) return { refused };
  const digest = digestOf(url.hash);
  if (digest === undefined) return { refused: 'may have no fragment but #sha256=<64 hexadecimal digits>.' };
  if (digest === null && rules.requireSha256) return { refused: 'must end in #sha256=<64 hexadecimal digits>.' };
  const fileName = fileNameOf(url);
  if (fileName === '') return { refused: 'must name a file: its path ends in a slash.' };
  if (UNPACKED.some((name) => name === fileName))
    return { refused: `names a file ${fileName}, as a directory is called.` };
  const archive = archiveOf(fileName);
  if (archive === 'foreign') return { refused: `is no archive that can be unpacked; ${known()} can.` };
  url.hash = '';
  return { url, fileName, sha256: digest, archive };
}

/** Why an address is not talked to, be it one that another has led to; undefined if it may be. */
export function addressProblem(url: URL, { allowedHosts, requireHttps }: DownloadRules): string | undefined {
  if (url.protocol !== 'https:' && (requireHttps || url.protocol !== 'http:')) {
    return `must begin with https://${requireHttps ? '' : ' or http://'}.`;
  }
  if (url.username !== '' || url.password !== '') return 'must hold no user and no password.';
  if (!allowedHosts.includes(url)) return `is on ${url.host}, which is not in download_allowed_hosts.`;
  return undefined;
}

/** For people and logs: without what may be a secret. */
export function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/** URLs are forgiving with what stands between scheme and host; we are not. */
function parse(text: string): URL | undefined {
  if (!/^https?:\/\/[^/\\]/i.test(text) || /[\s\\]/.test(text)) return undefined;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Null without a fragment, undefined for one that is no digest. */
function digestOf(hash: string): string | null | undefined {
  if (hash === '') return null;
  return /^#sha256=([0-9a-fA-F]{64})$/.exec(hash)?.[1]?.toLowerCase();
}

/** The last part of the path, of which only plain characters are kept: it becomes a file of ours. */
function fileNameOf({ pathname }: URL): string {
  const last = pathname.slice(pathname.lastIndexOf('/') + 1);
  const plain = decoded(last).replaceAll(/[^A-Za-z0-9._+-]/g, '_');
  // The end says what it is.
  return plain.slice(-LONGEST_NAME).replace(/^[.-]/, '_');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function archiveOf(fileName: string): DownloadTarget['archive'] | 'foreign' {
  const name = fileName.toLowerCase();
  const into = UNPACKED.find((word) => name.includes(word));
  if (into === undefined) return null;
  const form = SUFFIXES.find(([suffix]) => name.endsWith(suffix))?.[1];
  if (form !== undefined) return { form, into };
  return FOREIGN.test(name) ? 'foreign' : null;
}

function known(): string {
  return SUFFIXES.map(([suffix]) => suffix).join(', ');
}

import convict from 'convict';

type FormatName = 'fenix-text' | 'fenix-integer' | 'fenix-number' | 'fenix-flag' | 'fenix-choice' | 'fenix-list';

/** What an option accepts: a convict schema with what the sample file and `describe()` need besides. */
export interface OptionSpec<T> {
  readonly format: FormatName;
  readonly default: T;
  /** Sentences for the sample file. */
  readonly doc: string;
  readonly nullable?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** May be given several times (oslo.config's MultiOpt); the values make a list and are not split at commas. */
  readonly multi?: boolean;
  /** Never shown: `value` as a whole, `url` all but scheme and host. */
  readonly secret?: 'value' | 'url';
  /** Shown in the sample in place of a default that depends on the machine. */
  readonly sampleDefault?: string;
  /** A further rule: returns what is allowed if `value` breaks it. */
  check?(value: T): string | undefined;
}

export interface Section {
  readonly doc: string;
  readonly options: Readonly<Record<string, OptionSpec<unknown>>>;
  /** Options of older releases, accepted without effect. */
  readonly retired: readonly string[];
  /** Other names of options, as other services have them. */
  readonly aliases?: Readonly<Record<string, string>>;
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}
type Extras<T> = Partial<Pick<OptionSpec<T>, 'secret' | 'sampleDefault' | 'check'>>;

/** Text; empty stands for "not set". */
export function text(byDefault: string, doc: string, extras: Extras<string> = {}): OptionSpec<string> {
  return { format: 'fenix-text', default: byDefault, doc, ...extras };
}

export function integer(byDefault: number, doc: string, range: Range = { min: 0 }): OptionSpec<number> {
  return { format: 'fenix-integer', default: byDefault, doc, ...range };
}

/** A whole number, or null if not set. */
export function optionalInteger(doc: string, range: Range = { min: 0 }): OptionSpec<number | null> {
  return { format: 'fenix-integer', default: null, nullable: true, doc, ...range };
}

/** A number with or without fraction; `doc` says the unit. */
export function number(byDefault: number, doc: string, range: Range = { min: 0 }): OptionSpec<number> {
  return { format: 'fenix-number', default: byDefault, doc, ...range };
}

export function flag(byDefault: boolean, doc: string): OptionSpec<boolean> {
  return { format: 'fenix-flag', default: byDefault, doc };
}

export function choice<const C extends readonly string[]>(
  choices: C,
  byDefault: NoInfer<C[number]>,
  doc: string,
): OptionSpec<C[number]> {
  return { format: 'fenix-choice', default: byDefault, choices, doc };
}

/** Texts with commas between them; with `choices` each is one of them. */
export function list<const C extends readonly string[] = readonly string[]>(
  byDefault: readonly NoInfer<C[number]>[],
  doc: string,
  choices?: C,
): OptionSpec<readonly C[number][]> {
  return { format: 'fenix-list', default: byDefault, doc, ...(choices && { choices }) };
}

/** Texts, one per repetition of the option; with `choices` each is one of them. */
export function multi(
  byDefault: readonly string[],
  doc: string,
  choices?: readonly string[],
): OptionSpec<readonly string[]> {
  return { format: 'fenix-list', default: byDefault, doc, multi: true, ...(choices && { choices }) };
}

const TRUE = new Set(['true', '1', 'on', 'yes']);
const FALSE = new Set(['false', '0', 'off', 'no']);

/** Text as oslo.config's types read it; what cannot be converted stays text, for the validation to refuse. */
const CONVERT: Readonly<Record<FormatName, (given: string) => unknown>> = {
  'fenix-text': (given) => given,
  'fenix-choice': (given) => given,
  'fenix-integer': (given) => (/^\s*[+-]?\d+\s*$/.test(given) ? Number(given) : given),
  'fenix-number': (given) => (given.trim() !== '' && Number.isFinite(Number(given)) ? Number(given) : given),
  'fenix-flag': (given) => {
    const word = given.trim().toLowerCase();
    return TRUE.has(word) ? true : FALSE.has(word) ? false : given;
  },
  'fenix-list': (given) => (given.trim() === '' ? [] : given.split(',').map((item) => item.trim())),
};

/** What is allowed, as the end of "must be …"; undefined if the value is. */
const REFUSE: Readonly<Record<FormatName, (value: unknown, spec: OptionSpec<unknown>) => string | undefined>> = {
  'fenix-text': (value) => (typeof value === 'string' ? undefined : 'text'),
  'fenix-choice': (value, { choices = [] }) =>
    choices.includes(value as string) ? undefined : `one of ${choices.join(', ')}`,
  'fenix-integer': (value, spec) => outside(value, spec, Number.isSafeInteger(value), 'a whole number'),
  'fenix-number': (value, spec) => outside(value, spec, Number.isFinite(value), 'a number'),
  'fenix-flag': (value) => (typeof value === 'boolean' ? undefined : 'true or false (or yes, on, 1; no, off, 0)'),
  'fenix-list': (value, { choices }) => {
    const items = Array.isArray(value) ? value : [value];
    if (choices && !items.every((item) => choices.includes(item))) return `among ${choices.join(', ')}`;
    return items.every((item) => typeof item === 'string') ? undefined : 'a list of texts';
  },
};

function outside(value: unknown, spec: Range, rightType: boolean, what: string): string | undefined {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = spec;
  if (rightType && (value as number) >= min && (value as number) <= max) return undefined;
  const low = Number.isFinite(min) ? ` from ${min}` : '';
  const high = Number.isFinite(max) ? ` up to ${max}` : '';
  return what + low + high;
}

for (const name of Object.keys(CONVERT) as FormatName[]) {
  convict.addFormat({
    name,
    coerce: CONVERT[name],
    validate: (value: unknown, schema: unknown) => {
      const spec = schema as OptionSpec<unknown>;
      const allowed = REFUSE[name](value, spec) ?? spec.check?.(value);
      if (allowed !== undefined) throw new Error(`must be ${allowed}`);
    },
  });
}

/** What is used of convict. */
export interface ConvictValues {
  /** Texts are converted, lists taken as they are. */
  set(name: `${string}.${string}`, value: unknown): void;
  /** Throws an Error with a line per bad value. */
  validate(): void;
  all(): Record<string, unknown>;
}

/** Sections and options with defaults, conversion and validation, by convict; nothing is read from the process. */
export function createConvict(sections: Readonly<Record<string, Section>>): ConvictValues {
  const schema = Object.fromEntries(
    Object.entries(sections).map(([name, { options }]) => {
      const properties = Object.entries(options).map(([option, spec]) => [
        option,
        { ...spec, sensitive: spec.secret !== undefined },
      ]);
      return [name, Object.fromEntries(properties)];
    }),
  );
  const config = convict<Record<string, unknown>>(schema, { env: {}, args: [] });
  return {
    set: (name, value) => void config.set<string>(name, value as never),
    validate: () => void config.validate({ allowed: 'strict' }),
    all: () => config.getProperties(),
  };
}

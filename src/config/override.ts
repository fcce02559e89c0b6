import { FenixError, messageOf } from '../common/errors.js';
import { type Config, camelCase } from './config.js';
import { createConvict, type Section } from './options.js';
import { SECTIONS } from './sections/index.js';

const RABBIT = 'oslo_messaging_rabbit';

/**
 * The options of [oslo_messaging_rabbit] with those of a transport_url's query in their place.
 * @throws FenixError `transport-url` for an option that there is not, or a value that it does not take
 */
export function withQueryOptions(
  options: Config['osloMessagingRabbit'],
  query: Readonly<Record<string, string>>,
): Config['osloMessagingRabbit'] {
  const section: Section = SECTIONS[RABBIT];
  const values = createConvict({ [RABBIT]: section });
  const given = Object.keys(query).filter((name) => !section.retired.includes(name));
  for (const name of given) {
    if (!Object.hasOwn(section.options, name)) throw refused(`${name} is no option of [${RABBIT}]`);
    values.set(`${RABBIT}.${name}`, query[name]);
  }
  try {
    values.validate();
  } catch (error) {
    throw refused(
      messageOf(error)
        .replaceAll(`${RABBIT}.`, '')
        .replaceAll(/: value was .*$/gm, ''),
    );
  }
  const read = values.all()[RABBIT] as Record<string, unknown>;
  return { ...options, ...Object.fromEntries(given.map((name) => [camelCase(name), read[name]])) };
}

function refused(why: string): FenixError {
  return new FenixError('input', 'transport-url', `In the query of the transport_url, ${why}.`);
}

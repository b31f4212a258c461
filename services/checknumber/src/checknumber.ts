import { defineTask, outcome } from '@slipway/sdk';
import { isSupportedCountry, ParseError, type PhoneNumber, parsePhoneNumberWithError } from 'libphonenumber-js/max';
import { z } from 'zod';

const input = z.object({
  number: z.string().min(1).max(64).describe('As a person would write it, such as 030 901820 or +49 30 901820'),
  country: z
    .string()
    .regex(/^[A-Za-z]{2}$/, 'a country has two letters, such as DE')
    .transform((country) => country.toUpperCase())
    .refine(isSupportedCountry, 'no country with phone numbers has this code')
    .optional()
    .describe('Where the number is dialled, for numbers without +'),
});

const output = z.object({
  valid: z.boolean().describe('It is in a range that was given out'),
  possible: z.boolean().describe('Its length fits its country'),
  e164: z.string().optional(),
  international: z.string().optional(),
  national: z.string().optional(),
  country: z.string().optional(),
  countryName: z.string().optional(),
  callingCode: z.string().optional(),
  type: z.string().optional().describe('Such as mobile, fixed-line, toll-free'),
  reason: z.string().optional().describe('Why it is not a phone number'),
});

/** Parses a phone number and looks it up in the numbering plans of the world. */
export const checknumber = defineTask({
  name: 'checknumber',
  input,
  output,
  run({ number, country }) {
    const read = readNumber(number, country);
    if (typeof read === 'string') {
      return outcome({
        result: 'fail',
        message: `${quote(number)} is not a phone number: ${read}`,
        output: { valid: false, possible: false, reason: read },
      });
    }
    const found = describe(read);
    if (found.valid) return found;
    const where = found.countryName ?? `+${found.callingCode}`;
    const message = found.possible
      ? `${quote(number)} is in no range that ${where} has given out`
      : `${quote(number)} has the wrong length for ${where}`;
    return outcome({ result: 'fail', message, output: found });
  },
});

/** The number, or why it is none. */
function readNumber(number: string, country: string | undefined): PhoneNumber | string {
  try {
    const from = country !== undefined && isSupportedCountry(country) ? country : undefined;
    // Not `extract`: a number inside of other text is not what was asked about.
    return parsePhoneNumberWithError(
      number,
      from === undefined ? { extract: false } : { defaultCountry: from, extract: false },
    );
  } catch (error) {
    if (error instanceof ParseError) return REASONS[error.message] ?? error.message;
    throw error;
  }
}

/** The library's words for what went wrong, for people. */
const REASONS: Readonly<Record<string, string>> = {
  NOT_A_NUMBER: 'there are other characters in it than a number has',
  INVALID_COUNTRY: 'it does not begin with + and a known calling code, and no country was given',
  TOO_SHORT: 'it is too short',
  TOO_LONG: 'it is too long',
  INVALID_LENGTH: 'no number has this length',
};

const regionNames = new Intl.DisplayNames('en', { type: 'region' });

function describe(number: PhoneNumber): z.output<typeof output> {
  const { country } = number;
  const type = number.getType();
  return {
    valid: number.isValid(),
    possible: number.isPossible(),
    e164: number.number,
    international: number.formatInternational(),
    national: number.formatNational(),
    ...(country === undefined ? {} : { country, countryName: regionNames.of(country) ?? country }),
    callingCode: number.countryCallingCode,
    ...(type === undefined ? {} : { type: type.toLowerCase().replaceAll('_', '-') }),
  };
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/** A refusal may hold several mistakes: each with its own words. Pure. */

export interface IMistake {
  message: string;
  cause: string;
  fix: string;
}

/**
 * The mistakes of one refusal; itself when it is one.
 *
 * The server writes several as `message; message` with a line of the cause for each, and the fixes
 * once each.
 */
export function mistakes(problem: {
  message: string;
  cause?: string;
  fix?: string;
}): IMistake[] {
  const { message, cause = '', fix = '' } = problem;
  const messages = message.split('; ');
  const causes = lines(cause);
  if (!cause.startsWith('\n') || causes.length !== messages.length) {
    return [{ message, cause: causes.join('\n'), fix: lines(fix).join('\n') }];
  }
  const fixes = lines(fix);
  return messages.map((one, at) => ({
    message: one,
    cause: causes[at],
    fix: fixes.length === messages.length ? fixes[at] : fixes.join('\n')
  }));
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean);
}

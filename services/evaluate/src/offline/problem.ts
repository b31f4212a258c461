/** A file that cannot be used as what it was given for. The message names the place and the way out. */
export class OfflineProblem extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OfflineProblem';
  }
}

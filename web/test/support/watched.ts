import type { BrowserContext, Page } from 'playwright-core';

/** Every page that was opened and not yet looked at by `faultsOfOpened`. */
const opened = new Set<Watched>();

/** A page with what its console said, what its policy refused and whom it asked. */
export class Watched {
  readonly page: Page;
  /** Whatever was not as it must be, and that no test said it expects. */
  readonly faults: string[] = [];
  /** How often the browser asked whether to leave the page. */
  questions = 0;
  readonly #context: BrowserContext;
  readonly #expected: RegExp[] = [];

  constructor(page: Page, context: BrowserContext, origin: string) {
    this.page = page;
    this.#context = context;
    opened.add(this);
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.#note(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.#note(`thrown: ${error.message}`));
    page.on('dialog', (dialog) => {
      // The browser's own question before a page with unsaved changes is left.
      if (dialog.type() === 'beforeunload') {
        this.questions += 1;
        void dialog.accept();
        return;
      }
      this.#note(`a script ran: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('crash', () => this.#note('the page crashed'));
    // Of the context, so that what a worker or a preloaded frame asks for is seen as well.
    context.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${origin}/`) && !url.startsWith('blob:')) this.#note(`a third party was asked: ${url}`);
    });
  }

  /** The browser itself says in the console that a request failed; a test that makes one fail says so here. */
  expectFault(pattern: RegExp): void {
    this.#expected.push(pattern);
  }

  #note(fault: string): void {
    if (!this.#expected.some((pattern) => pattern.test(fault))) this.faults.push(fault);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}

export function faultsOfOpened(): string[] {
  const faults = [...opened].flatMap((view) => view.faults);
  opened.clear();
  return faults;
}

/** A refused style or script is an event of its own; the console says it in the words of the browser only. */
export const TELL_REFUSALS = `document.addEventListener('securitypolicyviolation', (event) => {
  console.error('the policy refused ' + event.violatedDirective + ': ' + event.blockedURI + ' ' + event.sample);
})`;

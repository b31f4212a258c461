import { autocompletion } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, indentUnit, syntaxHighlighting } from '@codemirror/language';
import {
  type Diagnostic,
  linter,
  lintGutter,
  nextDiagnostic,
  previousDiagnostic,
  setDiagnostics,
} from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Annotation, EditorState, type Extension, type Text } from '@codemirror/state';
import {
  Decoration,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  MatchDecorator,
  tooltips,
  ViewPlugin,
} from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { type Schema, yamlCompletions } from './text-editor-completion.ts';
import { editorTheme } from './text-editor-theme.ts';

export type Language = 'yaml' | 'json';

/** Something about a text, with its place: what a check on the server answers. */
export type Finding = {
  severity: 'error' | 'warning';
  code?: string | undefined;
  detail: string;
  pointer?: string | undefined;
  line?: number | undefined;
  column?: number | undefined;
};

export type CodeView = {
  /** From outside. What `onText` told is known, and comes back too late to count when somebody types on meanwhile. */
  setText(text: string): void;
  setFindings(findings: readonly Finding[]): void;
  /** Selects what stands there and brings it into sight; both count from 1. */
  goTo(line: number, column: number): void;
  close(): void;
};

/** Said to those who cannot see it: nothing is bound to Tab, so the keyboard is never caught. */
const KEYS =
  'Tab leaves the text. Control or Command with ] and [ indents, with F searches, with Z takes back, with Space completes. F8 goes to the next problem.';

const fromOutside = Annotation.define<boolean>();

const EDGE_PX = 8;

/** How far beyond a problem's first letter its underline goes at most. */
const UNDERLINE_MAX = 200;

/** CodeMirror inside of `host`. */
export function openCodeView(options: {
  host: HTMLElement;
  label: string;
  language: Language;
  /** Whose keys are completed. */
  schema: Schema | undefined;
  text: string;
  onText: (text: string) => void;
}): CodeView {
  const { host, label, language, schema, text, onText } = options;
  // The page's policy refuses style elements, which CodeMirror makes in a document. In a shadow root it adopts style sheets
  // instead, which are no inline style; the page's tokens reach into it as custom properties do.
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const keys = document.createElement('p');
  keys.id = 'keys';
  keys.hidden = true;
  keys.textContent = KEYS;
  root.replaceChildren(keys);
  /** What was told and did not come back yet. */
  const told: string[] = [];
  const extensions: Extension = [
    lineNumbers(),
    // Characters that reorder or hide text are shown as dots.
    highlightSpecialChars(),
    lintGutter(),
    // Without a source: the server checks, and its findings are given by `setFindings`.
    linter(null),
    history(),
    bracketMatching(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    search({ top: true }),
    tooltips({ tooltipSpace }),
    language === 'yaml' ? yaml() : json(),
    indentUnit.of('  '),
    EditorState.tabSize.of(2),
    syntaxHighlighting(classHighlighter),
    language === 'yaml' ? expressions : [],
    autocompletion({ icons: false, override: schema === undefined ? [] : [yamlCompletions(schema)] }),
    keymap.of([
      { key: 'F8', run: nextDiagnostic, shift: previousDiagnostic },
      ...searchKeymap,
      ...historyKeymap,
      ...defaultKeymap,
    ]),
    EditorView.domEventHandlers({ beforeinput: typeOver }),
    editorTheme,
    EditorView.contentAttributes.of({ 'aria-label': label, 'aria-describedby': keys.id, tabindex: '0' }),
    EditorView.updateListener.of(({ docChanged, state, transactions }) => {
      if (!docChanged || transactions.some((one) => one.annotation(fromOutside))) return;
      const now = state.doc.toString();
      told.push(now);
      onText(now);
    }),
  ];
  const view = new EditorView({ parent: root, root, state: EditorState.create({ doc: text, extensions }) });
  return {
    setText(wanted) {
      const echo = told.indexOf(wanted);
      told.splice(0, echo === -1 ? told.length : echo + 1);
      if (echo !== -1 || wanted === view.state.doc.toString()) return;
      const changes = { from: 0, to: view.state.doc.length, insert: wanted };
      view.dispatch({ changes, annotations: fromOutside.of(true) });
    },
    setFindings(findings) {
      const { doc } = view.state;
      view.dispatch(
        setDiagnostics(
          view.state,
          findings.flatMap((finding) => diagnosticOf(doc, finding)),
        ),
      );
    },
    goTo(line, column) {
      const { from, to } = rangeOf(view.state.doc, line, column);
      view.dispatch({
        selection: { anchor: from, head: to },
        effects: EditorView.scrollIntoView(from, { y: 'center' }),
      });
      view.focus();
    },
    close: () => view.destroy(),
  };
}

/**
 * Left to the browser, what is typed in place of something else comes with a style attribute that keeps its look, and the
 * page's policy refuses that aloud.
 */
function typeOver(event: InputEvent, view: EditorView): boolean {
  const range = selectedRange(view);
  if (event.inputType !== 'insertText' || event.data === null || event.isComposing || range === undefined) return false;
  const from = view.posAtDOM(range.startContainer, range.startOffset);
  const to = view.posAtDOM(range.endContainer, range.endOffset);
  if (from === to && !event.data.includes('\n')) return false;
  const insert = view.state.toText(event.data);
  view.dispatch({
    changes: { from, to, insert },
    selection: { anchor: from + insert.length },
    userEvent: 'input.type',
    scrollIntoView: true,
  });
  return true;
}

/** As the browser has it: the editor hears of a new selection a moment later. Not all browsers ask the shadow root for it. */
function selectedRange({ root, contentDOM }: EditorView): Range | undefined {
  const asked: DocumentOrShadowRoot & { getSelection?(): Selection | null } = root;
  const selection = asked.getSelection?.() ?? document.getSelection();
  const range = selection === null || selection.rangeCount === 0 ? undefined : selection.getRangeAt(0);
  return range !== undefined && contentDOM.contains(range.commonAncestorContainer) ? range : undefined;
}

/** On a phone a tooltip is as wide as the page, and does not touch its edge. */
function tooltipSpace(): { left: number; top: number; right: number; bottom: number } {
  return { left: EDGE_PX, top: EDGE_PX, right: innerWidth - EDGE_PX, bottom: innerHeight - EDGE_PX };
}

function diagnosticOf(doc: Text, { severity, detail, code, line, column }: Finding): Diagnostic[] {
  if (line === undefined) return [];
  return [
    { ...rangeOf(doc, line, column ?? 1), severity, message: detail, ...(code === undefined ? {} : { source: code }) },
  ];
}

/** A problem has a place and no end: the word that stands there, or else what the line says. */
function rangeOf(doc: Text, line: number, column: number): { from: number; to: number } {
  const { from, to, text } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const start = Math.min(from + column - 1, to);
  const word = /^[^\s,:[\]{}]+/.exec(text.slice(start - from, start - from + UNDERLINE_MAX))?.[0];
  if (word !== undefined) return { from: start, to: start + word.length };
  return {
    from: from + text.length - text.trimStart().length,
    to: from + Math.min(text.trimEnd().length, UNDERLINE_MAX),
  };
}

/** `${{ ... }}`: what the control plane computes, told apart from the text around it. */
const expressionMatcher = new MatchDecorator({
  regexp: /\$\{\{.*?\}\}/g,
  decoration: Decoration.mark({ class: 'expression' }),
});
const expressions = ViewPlugin.define(
  (view) => ({
    marks: expressionMatcher.createDeco(view),
    update(update) {
      this.marks = expressionMatcher.updateDeco(update, this.marks);
    },
  }),
  { decorations: ({ marks }) => marks },
);

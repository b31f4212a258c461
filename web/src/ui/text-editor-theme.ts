import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

/** The look of the page inside the editor: tokens only, so that another theme of the page is one here at once. */
export const editorTheme: Extension = EditorView.theme({
  '&': {
    minHeight: 'inherit',
    maxHeight: 'inherit',
    color: 'var(--ink)',
    fontSize: 'var(--text-s)',
  },
  '&.cm-focused': { outline: 'none' },
  // In front of the numbers, which stand in front of an outline.
  '&.cm-focused::after': {
    content: '""',
    position: 'absolute',
    inset: '0',
    zIndex: '400',
    border: '2px solid var(--focus)',
    pointerEvents: 'none',
  },
  '.cm-scroller': {
    // As high as the editor, and the gutters and the text as high as it, when there is little of it.
    flex: '1 1 auto',
    minHeight: '0',
    alignItems: 'stretch !important',
    fontFamily: 'var(--mono)',
    lineHeight: '20px',
    overflow: 'auto',
    scrollbarWidth: 'thin',
  },
  '.cm-content': { padding: 'var(--s3) 0', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 var(--s3)' },
  '.cm-gutters': { height: 'auto', background: 'var(--sunken)', color: 'var(--ink-3)', border: '0' },
  '.cm-gutters.cm-gutters-before': { borderRight: '1px solid var(--line)' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 var(--s2) 0 var(--s1)', minWidth: '28px' },
  '.cm-activeLine, .cm-activeLineGutter': { background: 'none' },
  '&.cm-focused .cm-activeLine': { background: 'color-mix(in srgb, var(--ink) 4%, transparent)' },
  '&.cm-focused .cm-activeLineGutter': { color: 'var(--ink)', fontWeight: '600' },
  '.cm-selectionMatch': { background: 'var(--accent-soft)' },
  '&.cm-focused .cm-matchingBracket': { background: 'var(--accent-soft)', outline: '1px solid var(--accent)' },
  '&.cm-focused .cm-nonmatchingBracket': { background: 'none', outline: '1px solid var(--fail)' },

  '.tok-propertyName': { color: 'var(--accent)' },
  '.tok-string, .tok-string2': { color: 'var(--pass)' },
  '.tok-number, .tok-bool, .tok-atom, .tok-keyword, .tok-null': { color: 'var(--waiting)' },
  '.tok-comment': { color: 'var(--ink-3)', fontStyle: 'italic' },
  '.tok-meta, .tok-punctuation, .tok-labelName, .tok-typeName': { color: 'var(--ink-2)' },
  '.expression, .expression *': { color: 'var(--waiting)' },

  ...problems(),
  ...tooltips(),
  ...searchPanel(),
});

type Rules = Parameters<typeof EditorView.theme>[0];

/** An error is a square, a warning a triangle, as in the list below the text. */
function problems(): Rules {
  const tone = (severity: string, color: string): Rules => ({
    [`.cm-lintRange-${severity}`]: {
      backgroundImage: 'none',
      textDecoration: `underline wavy ${color} 1px`,
      textUnderlineOffset: '3px',
      textDecorationSkipInk: 'none',
    },
    [`.cm-lintPoint-${severity}:after`]: { borderBottomColor: color },
    [`.cm-lint-marker-${severity}`]: { content: 'none', background: color },
    [`.cm-diagnostic-${severity}`]: { borderLeft: `3px solid ${color}` },
  });
  return {
    '.cm-gutter-lint': { width: '18px' },
    '.cm-gutter-lint .cm-gutterElement': { padding: '5px 0 0 6px' },
    '.cm-lint-marker': { width: '10px', height: '10px' },
    ...tone('error', 'var(--fail)'),
    ...tone('warning', 'var(--warning)'),
    '.cm-lint-marker-error': { content: 'none', background: 'var(--fail)', borderRadius: '2px' },
    '.cm-lint-marker-warning': {
      content: 'none',
      background: 'var(--warning)',
      clipPath: 'polygon(50% 0, 100% 100%, 0 100%)',
    },
    '.cm-diagnostic': { padding: 'var(--s1) var(--s3)', margin: '0' },
    '.cm-diagnosticSource': { fontFamily: 'var(--mono)', fontSize: 'inherit', color: 'var(--ink-3)', opacity: '1' },
  };
}

function tooltips(): Rules {
  return {
    '.cm-tooltip': {
      maxWidth: 'min(480px, calc(100vw - 24px))',
      border: '1px solid var(--line-2)',
      borderRadius: 'var(--radius-s)',
      background: 'var(--surface)',
      color: 'var(--ink)',
      boxShadow: 'var(--shadow)',
      font: 'var(--text-s) / 1.5 var(--font)',
      overflowWrap: 'anywhere',
    },
    '.cm-tooltip-lint': { listStyle: 'none' },
    '.cm-tooltip.cm-tooltip-autocomplete > ul': {
      maxHeight: '240px',
      minWidth: '180px',
      font: 'var(--text-s) / 1.5 var(--mono)',
    },
    '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '2px var(--s3)', lineHeight: '20px' },
    '.cm-tooltip-autocomplete ul li[aria-selected]': { background: 'var(--accent)', color: 'var(--accent-ink)' },
    '.cm-tooltip.cm-completionInfo': { maxWidth: '320px', padding: 'var(--s2) var(--s3)', overflowWrap: 'normal' },
  };
}

function searchPanel(): Rules {
  return {
    '.cm-panels': { background: 'var(--surface)', color: 'var(--ink)' },
    '.cm-panels.cm-panels-top': { borderBottom: '1px solid var(--line)' },
    '.cm-panel.cm-search': {
      display: 'flex',
      flexWrap: 'wrap',
      alignItems: 'center',
      gap: 'var(--s1)',
      padding: 'var(--s2) 40px var(--s2) var(--s3)',
      font: 'var(--text-s) / 1.45 var(--font)',
    },
    '.cm-panel.cm-search br': { flexBasis: '100%', height: '0', content: '""' },
    '.cm-panel.cm-search input, .cm-panel.cm-search button, .cm-panel.cm-search label': { margin: '0' },
    '.cm-panel.cm-search label': {
      display: 'inline-flex',
      alignItems: 'center',
      gap: 'var(--s1)',
      fontSize: 'inherit',
      minHeight: '26px',
      padding: '0 var(--s1)',
    },
    '.cm-textfield': {
      minHeight: '26px',
      padding: '0 var(--s2)',
      border: '1px solid var(--line-2)',
      borderRadius: 'var(--radius-s)',
      background: 'var(--surface)',
      color: 'var(--ink)',
      font: 'var(--text-s) / 1.45 var(--mono)',
    },
    '.cm-button': {
      minHeight: '26px',
      padding: '0 var(--s2)',
      border: '1px solid var(--line-2)',
      borderRadius: 'var(--radius-s)',
      background: 'var(--surface)',
      color: 'var(--ink)',
      font: '550 var(--text-s) / 1.45 var(--font)',
      cursor: 'pointer',
    },
    '.cm-button:active': { backgroundImage: 'none' },
    '.cm-button:hover, .cm-panel.cm-search [name=close]:hover': { background: 'var(--hover)' },
    '.cm-panel.cm-search [name=close]': {
      top: 'var(--s2)',
      right: 'var(--s2)',
      width: '26px',
      height: '26px',
      borderRadius: 'var(--radius-s)',
      background: 'none',
      color: 'var(--ink-2)',
      cursor: 'pointer',
    },
    '.cm-textfield:focus-visible, .cm-button:focus-visible, .cm-panel.cm-search [name=close]:focus-visible': {
      outline: '2px solid var(--focus)',
      outlineOffset: '1px',
    },
    '.cm-searchMatch': { background: 'var(--warning-soft)', outline: '1px solid var(--warning)' },
    '.cm-searchMatch-selected': { background: 'var(--accent-soft)', outline: '2px solid var(--accent)' },
  };
}

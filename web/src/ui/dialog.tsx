import { useEffect, useId, useRef, useState } from 'react';
import { Message } from './foreign.tsx';

/**
 * The browser's own modal dialog: it keeps the focus inside, gives it back, and closes on Escape. Once something was entered, a click
 * beside it does nothing and Escape asks first.
 */
export function Dialog(props: {
  title: string;
  onClose: () => void;
  className?: string;
  children: React.ReactNode;
  hideTitle?: boolean;
  /** Nothing is lost by closing it: nothing is entered, it was sent, or a draft keeps it. */
  losesNothing?: boolean;
}) {
  const { title, onClose, className, children, hideTitle = false, losesNothing = false } = props;
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const [entered, setEntered] = useState(false);
  const [asking, setAsking] = useState(false);
  const mayLose = entered && !losesNothing;
  const leave = (): void => {
    if (mayLose) setAsking(true);
    else onClose();
  };
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
      setTimeout(keepFocus, FOCUS_MS);
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={className}
      aria-labelledby={titleId}
      onInput={() => setEntered(true)}
      onKeyDown={(event) => {
        // The browser asks a page only once whether Escape may close a dialog; the key itself it always gives away first.
        if (event.key !== 'Escape' || event.defaultPrevented) return;
        event.preventDefault();
        leave();
      }}
      onCancel={(event) => {
        event.preventDefault();
        leave();
      }}
      onClick={(event) => {
        if (event.target === ref.current && !entered) onClose();
      }}
    >
      {hideTitle ? (
        <>
          <h2 id={titleId} className="sr">
            {title}
          </h2>
          {children}
        </>
      ) : (
        <div className="dialog-body">
          <h2 id={titleId}>{title}</h2>
          {children}
          {asking ? (
            <div className="ask-discard" role="alert">
              <p>Discard what you entered?</p>
              <button
                type="button"
                className="button small"
                ref={(button) => button?.focus()}
                onClick={() => setAsking(false)}
              >
                Keep editing
              </button>
              <button type="button" className="button small danger" onClick={onClose}>
                Discard
              </button>
            </div>
          ) : null}
        </div>
      )}
    </dialog>
  );
}

/** Longer than it takes to draw what the dialog has done. */
const FOCUS_MS = 150;

/** The button that opened a dialog may be gone with what it did: then the focus goes to what the page says on top. */
function keepFocus(): void {
  if (document.activeElement !== document.body) return;
  const place = document.querySelector<HTMLElement>('[data-why]') ?? document.querySelector<HTMLElement>('#main h1');
  if (place === null) return;
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

/** How a dialog ends: what went wrong, the way back, and the button that acts. */
export function DialogEnd(props: {
  error?: string | undefined;
  back?: string;
  onClose: () => void;
  children?: React.ReactNode;
}) {
  const { error, back = 'Cancel', onClose, children } = props;
  return (
    <>
      {error === undefined ? null : (
        <div role="alert" className="message tone-fail">
          <Message text={error} />
        </div>
      )}
      <div className="dialog-end">
        <button type="button" className="button" onClick={onClose}>
          {back}
        </button>
        {children}
      </div>
    </>
  );
}

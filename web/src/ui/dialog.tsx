import { useEffect, useId, useRef } from 'react';

/** The browser's own modal dialog: it keeps the focus inside, gives it back, and closes on Escape. */
export function Dialog(props: {
  title: string;
  onClose: () => void;
  className?: string;
  children: React.ReactNode;
  hideTitle?: boolean;
}) {
  const { title, onClose, className, children, hideTitle = false } = props;
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it; a click beside it is the second way
    <dialog
      ref={ref}
      className={className}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
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
        </div>
      )}
    </dialog>
  );
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
        <p role="alert" className="message tone-fail">
          {error}
        </p>
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

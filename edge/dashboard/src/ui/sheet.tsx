// A sheet over the screen, as the browser's own modal dialog: focus stays within, Escape and the back button close it.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Head } from "./status.tsx";

interface SheetProps {
  readonly label: string;
  readonly title: ComponentChildren;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

/** The sheet; it is open as long as it is there. */
export function Sheet({ label, title, close, children }: SheetProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const opener = useRef(document.activeElement);
  useEffect(() => {
    dialog.current?.showModal();
    // A dialog that is taken away instead of closed gives the focus back to nobody.
    return () => {
      if (opener.current instanceof HTMLElement) opener.current.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="sheet"
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        // A click beside the sheet lands on the dialog itself.
        if (event.target === event.currentTarget) close();
      }}
    >
      <Head
        tag="div"
        action={
          <button type="button" class="close" aria-label="Close" onClick={close}>
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d="M6 6l12 12M18 6L6 18" />
            </svg>
          </button>
        }
      >
        <h2>{title}</h2>
      </Head>
      <div class="sheet-body dated-by-page">{children}</div>
    </dialog>
  );
}

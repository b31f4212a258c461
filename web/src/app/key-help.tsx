import { Dialog, DialogEnd } from '../ui/dialog.tsx';
import { keyTable } from './keys.ts';

export function KeyHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="keys">
        {keyTable.map(([keys, does]) => (
          <KeyRow key={does} keys={keys} does={does} />
        ))}
      </dl>
      <DialogEnd back="Close" onClose={onClose} />
    </Dialog>
  );
}

function KeyRow({ keys, does }: { keys: readonly string[]; does: string }) {
  return (
    <>
      <dt>
        {keys.map((key) => (
          <span key={key}>
            <span className="kbd">{key}</span>{' '}
          </span>
        ))}
      </dt>
      <dd>{does}</dd>
    </>
  );
}

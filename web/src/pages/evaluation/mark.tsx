import type { Evaluation } from '@slipway/contract';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { failureText, jsonBody, pathOf, request } from '../../api/client.ts';
import { evaluationQuery } from '../../api/evaluations.ts';
import { CliHint, cliLine, say } from '../../ui/copy.tsx';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';

/** Takes an evaluation out of what later ones are compared with, or puts it back; with the reason, which is kept. */
export function Mark({ evaluation }: { evaluation: Evaluation }) {
  const [asking, setAsking] = useState(false);
  const action = evaluation.invalidated === undefined ? 'invalidate' : 'reinstate';
  return (
    <>
      <button type="button" className="button" onClick={() => setAsking(true)}>
        {words[action]} …
      </button>
      {asking ? <Ask evaluation={evaluation} action={action} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

const words = { invalidate: 'Invalidate', reinstate: 'Reinstate' } as const;
const effects = {
  invalidate: [
    'No later evaluation is compared with it any more.',
    'The run that it decided stays as it is.',
    'It can be reinstated; both are kept with who, when and why.',
  ],
  reinstate: [
    'Later evaluations may be compared with it again.',
    'Decisions that were made meanwhile stay as they are.',
  ],
} as const;

function Ask(props: { evaluation: Evaluation; action: 'invalidate' | 'reinstate'; onClose: () => void }) {
  const { evaluation, action, onClose } = props;
  const queries = useQueryClient();
  const [reason, setReason] = useState('');
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const path =
    action === 'invalidate'
      ? pathOf`/v1/evaluations/${evaluation.id}/invalidate`
      : pathOf`/v1/evaluations/${evaluation.id}/reinstate`;
  const body = reason === '' ? {} : { reason };
  const send = async (): Promise<void> => {
    setBusy(true);
    try {
      await request({ method: 'POST', path, body: jsonBody(body) });
      await Promise.all([
        queries.invalidateQueries({ queryKey: evaluationQuery(evaluation.id).queryKey }),
        queries.invalidateQueries({ queryKey: ['evaluations', evaluation.project] }),
      ]);
      say(action === 'invalidate' ? 'Invalidated.' : 'Reinstated.');
      onClose();
    } catch (failure) {
      setError(failureText(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`${words[action]} this evaluation`} onClose={onClose}>
      <ul className="effects">
        {effects[action].map((effect) => (
          <li key={effect}>{effect}</li>
        ))}
      </ul>
      <label className="field">
        <span>Reason, kept with the evaluation</span>
        <input className="input" value={reason} maxLength={1024} onChange={(event) => setReason(event.target.value)} />
      </label>
      <CliHint line={cliLine(action, evaluation.id, ...(reason === '' ? [] : ['--reason', reason]))} />
      <DialogEnd error={error} onClose={onClose}>
        <button type="button" className="button primary" disabled={busy} onClick={() => void send()}>
          {words[action]}
        </button>
      </DialogEnd>
    </Dialog>
  );
}

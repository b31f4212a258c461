import type { Look, Shape } from './state.ts';

/** A state as shape, word and colour. */
export function Badge({ look, filled = false }: { look: Look; filled?: boolean }) {
  return (
    <span className={`badge tone-${look.tone}${filled ? ' filled' : ''}`}>
      <Glyph shape={look.shape} />
      {look.word}
    </span>
  );
}

export function Glyph({ shape }: { shape: Shape }) {
  return (
    <svg className="glyph" viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.7">
      {shapes[shape]}
    </svg>
  );
}

const round = { strokeLinecap: 'round', strokeLinejoin: 'round' } as const;
const shapes: Record<Shape, React.ReactNode> = {
  check: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" stroke="none" />
      <path d="m4.900 8.300 2.200 2.200 4.100-4.700" stroke="var(--surface)" {...round} />
    </>
  ),
  triangle: (
    <>
      <path d="M8 1.600 15 14H1z" fill="currentColor" stroke="currentColor" {...round} />
      <path d="M8 6v3.600M8 11.800v.1" stroke="var(--surface)" {...round} />
    </>
  ),
  cross: (
    <>
      <rect x="1.200" y="1.200" width="13.600" height="13.600" rx="3" fill="currentColor" stroke="none" />
      <path d="m5.400 5.400 5.200 5.200m0-5.200-5.200 5.200" stroke="var(--surface)" {...round} />
    </>
  ),
  slash: (
    <>
      <circle cx="8" cy="8" r="6.200" />
      <path d="m4 12 8-8" {...round} />
    </>
  ),
  // It stands still: twenty that turn cost an eighth of a core for as long as the tab is open.
  turn: (
    <>
      <circle cx="8" cy="8" r="6.200" opacity=".28" />
      <path d="M8 1.800a6.200 6.200 0 0 1 6.200 6.200" {...round} />
      <circle cx="8" cy="8" r="2" fill="currentColor" stroke="none" />
    </>
  ),
  clock: (
    <>
      <circle cx="8" cy="8" r="6.200" />
      <path d="M8 4.600V8l2.300 1.500" {...round} />
    </>
  ),
  queue: (
    <path
      d="M3.500 1.800h9M3.500 14.200h9M4.500 1.800c0 3.700 3.500 4 3.500 6.200s-3.500 2.500-3.500 6.200m7-12.400c0 3.700-3.500 4-3.500 6.200s3.500 2.500 3.500 6.200"
      {...round}
    />
  ),
  bars: (
    <>
      <circle cx="8" cy="8" r="6.200" />
      <path d="M6.300 5.500v5M9.700 5.500v5" {...round} />
    </>
  ),
  diamond: (
    <>
      <path d="m8 1 7 7-7 7-7-7z" fill="currentColor" stroke="none" />
      <path d="M8 4.800v3.800M8 11v.1" stroke="var(--surface)" {...round} />
    </>
  ),
  question: (
    <>
      <path d="m8 1 7 7-7 7-7-7z" />
      <path d="M6.300 6.500a1.700 1.700 0 1 1 2.500 1.500c-.5.3-.8.6-.8 1.200M8 11.200v.1" {...round} />
    </>
  ),
  note: (
    <>
      <rect x="2" y="2" width="12" height="12" rx="6" />
      <path d="M8 7.400v3.400M8 5v.1" {...round} />
    </>
  ),
  worker: (
    <>
      <rect x="2" y="4.500" width="12" height="9" rx="2" strokeDasharray="2.400 1.800" />
      <path d="M5.500 4.500V3.200a1.200 1.200 0 0 1 1.200-1.200h2.600a1.200 1.200 0 0 1 1.200 1.200v1.300" {...round} />
    </>
  ),
  person: (
    <>
      <circle cx="8" cy="5" r="2.900" />
      <path d="M2.500 14.200c.4-3 2.600-4.700 5.500-4.700s5.100 1.700 5.500 4.700" {...round} />
    </>
  ),
  moon: <path d="M13.300 9.900A5.900 5.900 0 0 1 6.100 2.700a5.900 5.900 0 1 0 7.200 7.200z" {...round} />,
  dots: <circle cx="8" cy="8" r="6.200" strokeDasharray="1.500 2.750" {...round} />,
  skip: <path d="m3.500 4 4 4-4 4m5-8 4 4-4 4" {...round} />,
};

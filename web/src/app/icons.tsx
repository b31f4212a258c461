const paths = {
  runs: 'M2.500 5h11M2.500 11h7M5 2.500v5M9.500 8.500v5',
  environment: 'M2 3.500h5v4H2zM9.500 3.500H14v4H9.500zM2 10h5v3H2zM9.500 10H14v3H9.500z',
  services:
    'M8 1.800v3.700M8 10.500v3.700M1.800 8h3.700M10.500 8h3.700M8 5.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5z',
  events: 'M1.500 8.500h3L6.500 3l3 10 2-4.500h3',
  evaluations:
    'M2 2.500h3.500v3.500H2zM6.300 2.500h3.400v3.500H6.300zM10.500 2.500H14v3.500h-3.500zM2 6.800h3.500v3.400H2zM6.300 6.800h3.400v3.400H6.300zM2 11h3.500v2.800H2zM10.500 11H14v2.800h-3.500z',
  projects: 'M2 4.500 8 2l6 2.500v7L8 14l-6-2.500zM2 4.500 8 7l6-2.500M8 7v7',
  theme: 'M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12',
  find: 'M7 2.500a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9zM10.400 10.400 14 14',
} as const;

export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg className="glyph" viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.500">
      <path d={paths[name]} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}

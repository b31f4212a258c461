/** What the navigation shows; a page stands here when it is whole. `short` is for a phone. */
export const pages = [
  { to: '/runs', name: 'Runs', short: 'Runs', icon: 'runs', letter: 'r' },
  { to: '/environment', name: 'Environment', short: 'Stages', icon: 'environment', letter: 'e' },
  { to: '/evaluations', name: 'Evaluations', short: 'Quality', icon: 'evaluations', letter: 'q' },
  { to: '/services', name: 'Services', short: 'Services', icon: 'services', letter: 's' },
  { to: '/events', name: 'Events', short: 'Events', icon: 'events', letter: 'v' },
  { to: '/projects', name: 'Projects', short: 'Projects', icon: 'projects', letter: 'p' },
] as const;

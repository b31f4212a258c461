/** What the navigation shows; a page stands here when it is whole. */
export const pages = [
  { to: '/runs', name: 'Runs', icon: 'runs', letter: 'r' },
  { to: '/environment', name: 'Environment', icon: 'environment', letter: 'e' },
  { to: '/services', name: 'Services', icon: 'services', letter: 's' },
  { to: '/events', name: 'Events', icon: 'events', letter: 'v' },
  { to: '/projects', name: 'Projects', icon: 'projects', letter: 'p' },
] as const;

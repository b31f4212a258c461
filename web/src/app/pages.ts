/** What the navigation shows; a page stands here when it is whole. */
export const pages = [{ to: '/runs', name: 'Runs', icon: 'runs', letter: 'r' }] as const;

/**
 * Light or dark: as the system has it, until the button of the dashboard says otherwise, for all
 * pages of the server. Not a module, so that it runs before the page is drawn.
 */

(() => {
  const STORED = 'liverelay-theme';
  const root = document.documentElement;
  const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
  let draw = () => {};

  const scheme = () => localStorage.getItem(STORED) ?? (systemIsDark.matches ? 'dark' : 'light');
  const isDark = () => scheme() === 'dark';

  const follow = () => {
    root.style.colorScheme = localStorage.getItem(STORED) ?? '';
    draw();
  };

  follow();
  systemIsDark.addEventListener('change', follow);
  // Chosen in another tab.
  addEventListener('storage', follow);

  addEventListener('DOMContentLoaded', () => {
    const button = /** @type {HTMLButtonElement | null} */ (document.getElementById('theme'));
    if (!button) return;
    draw = () => {
      button.title = button.ariaLabel = isDark() ? 'Use the light theme' : 'Use the dark theme';
    };
    button.addEventListener('click', () => {
      localStorage.setItem(STORED, isDark() ? 'light' : 'dark');
      follow();
    });
    draw();
  });
})();

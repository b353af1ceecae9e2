/** Light or dark, as the system has it until the button says otherwise; before the page is drawn. */

(() => {
  const STORED = 'liverelay-theme';
  const root = document.documentElement;
  const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : systemIsDark.matches);

  const stored = localStorage.getItem(STORED);
  if (stored) root.dataset.theme = stored;

  addEventListener('DOMContentLoaded', () => {
    const button = /** @type {HTMLButtonElement} */ (document.getElementById('theme'));
    const draw = () => {
      button.title = button.ariaLabel = isDark() ? 'Use the light theme' : 'Use the dark theme';
    };
    button.addEventListener('click', () => {
      root.dataset.theme = isDark() ? 'light' : 'dark';
      localStorage.setItem(STORED, root.dataset.theme);
      draw();
    });
    systemIsDark.addEventListener('change', draw);
    draw();
  });
})();

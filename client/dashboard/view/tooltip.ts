/**
 * One tooltip for the page: whatever carries `data-tip` has it shown on hover and on focus. The `title` of browsers
 * waits a second, cannot be styled and never shows for the keyboard.
 */
const DELAY_MS = 250;
const GAP_PX = 8;

export function installTooltip(): void {
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.setAttribute('role', 'tooltip');
  tip.hidden = true;
  document.body.append(tip);
  let timer = 0;
  let target: Element | null = null;

  const hide = () => {
    window.clearTimeout(timer);
    target = null;
    tip.hidden = true;
  };
  const show = () => {
    const text = target?.getAttribute('data-tip');
    if (!target?.isConnected || !text) return hide();
    tip.textContent = text;
    tip.hidden = false;
    const at = target.getBoundingClientRect();
    const own = tip.getBoundingClientRect();
    const left = Math.min(Math.max(GAP_PX, at.left), innerWidth - own.width - GAP_PX);
    const below = at.bottom + GAP_PX;
    const fits = below + own.height < innerHeight;
    tip.style.transform = `translate(${left}px, ${fits ? below : at.top - own.height - GAP_PX}px)`;
  };
  const consider = (event: Event) => {
    const next = event.target instanceof Element ? event.target.closest('[data-tip]') : null;
    if (next === target) return;
    hide();
    target = next;
    if (next !== null) timer = window.setTimeout(show, event.type === 'focusin' ? 0 : DELAY_MS);
  };
  document.addEventListener('pointerover', consider);
  document.addEventListener('focusin', consider);
  document.addEventListener('focusout', hide);
  document.addEventListener('pointerdown', hide);
  document.addEventListener('scroll', hide, true);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hide();
  });
}

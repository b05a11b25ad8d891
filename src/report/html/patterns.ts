import { html } from './markup.ts';

/** How bars of what failed and of what was interrupted differ from the others without their colour. */
export const patterns = html`<svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false"><defs>
<pattern id="hatch-interrupted" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-ground" width="6" height="6"/><rect class="hatch-interrupted" width="2.5" height="6"/></pattern>
<pattern id="hatch-failed" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><rect class="hatch-failed" width="4" height="4"/><rect class="hatch-ground" width="1" height="4"/></pattern>
</defs></svg>`;

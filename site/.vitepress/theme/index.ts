import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme';
import { h } from 'vue';
import KilledAndResumed from './KilledAndResumed.vue';
import MermaidDrawing from './MermaidDrawing.vue';
import './style.css';

export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { 'home-hero-image': () => h(KilledAndResumed) }),
  enhanceApp: ({ app }) => {
    app.component('MermaidDrawing', MermaidDrawing);
  },
} satisfies Theme;

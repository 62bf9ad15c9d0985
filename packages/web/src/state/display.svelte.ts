// How images are shown, for all panels alike: channels, camera, theme. Settings of the display last in the browser; none of them
// touches a value.
import { type Camera, wholeImage } from "../viewer/camera.ts";
import { type ChannelDisplay, defaultChannels } from "../viewer/display.ts";

/** The names of the channels. */
export type ChannelName = "nucleus" | "protein";

/** Display of the page. */
export class Display {
  channels = $state.raw<Readonly<Record<ChannelName, ChannelDisplay>>>(defaultChannels);
  camera = $state.raw<Camera>(wholeImage);
  smooth = $state(true);
  theme = $state<"dark" | "light">("dark");

  constructor() {
    this.theme = localStorage.getItem("theme") === "light" ? "light" : "dark";
  }

  change(name: ChannelName, changes: Partial<ChannelDisplay>): void {
    this.channels = { ...this.channels, [name]: { ...this.channels[name], ...changes } };
  }

  /** Colours of both channels. */
  recolour(pair: Readonly<Record<ChannelName, string>>): void {
    const { nucleus, protein } = this.channels;
    this.channels = {
      nucleus: { ...nucleus, colour: pair.nucleus },
      protein: { ...protein, colour: pair.protein },
    };
  }

  reset(): void {
    this.channels = defaultChannels;
    this.camera = wholeImage;
  }

  turnTheme(): void {
    this.theme = this.theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", this.theme);
    document.documentElement.dataset.theme = this.theme;
  }
}

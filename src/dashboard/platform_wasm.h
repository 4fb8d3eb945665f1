// The browser's side of drawing: one WebGL2 context on one canvas.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dashboard/app.h"

namespace precordia::dashboard {

class WebGlCanvas {
 public:
  explicit WebGlCanvas(std::string selector);
  bool ready() const { return context_ != 0 && !lost_; }

  // The context went away (its objects with it), or came back.
  void lost();
  bool restored();

  // The picture of a page as a texture; the pixels are kept for when the context comes back. None: no picture.
  void set_picture(int width, int height, std::vector<uint8_t> rgba);
  unsigned long long picture() const { return texture_; }

  // Gives the echo screen's pictures textures of their own before a frame is drawn with them, once there is a clip.
  void prepare(EchoState& echo);

  // Draws what App::frame left in Dear ImGui's draw data.
  void draw(App& app, const WindowSize& size);

 private:
  bool begin();
  void make_texture();
  void upload(EchoState& echo);
  std::string selector_;
  unsigned long context_ = 0;
  unsigned texture_ = 0;
  int picture_width_ = 0, picture_height_ = 0;
  std::vector<uint8_t> picture_;
  unsigned echo_textures_[kEchoPlaces] = {};
  bool lost_ = false, backend_ready_ = false;
};

}  // namespace precordia::dashboard

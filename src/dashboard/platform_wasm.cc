#include "dashboard/platform_wasm.h"

#include <GLES3/gl3.h>
#include <emscripten/html5.h>

#include <cmath>
#include <utility>

#include "imgui_impl_opengl3.h"

namespace precordia::dashboard {

WebGlCanvas::WebGlCanvas(std::string selector) : selector_(std::move(selector)) { begin(); }

bool WebGlCanvas::begin() {
  EmscriptenWebGLContextAttributes attributes;
  emscripten_webgl_init_context_attributes(&attributes);
  attributes.majorVersion = 2;
  attributes.minorVersion = 0;
  attributes.alpha = false;
  attributes.depth = false;
  attributes.stencil = false;
  attributes.antialias = false;  // Dear ImGui brings its own edges
  attributes.powerPreference = EM_WEBGL_POWER_PREFERENCE_LOW_POWER;
  const EMSCRIPTEN_WEBGL_CONTEXT_HANDLE handle =
      emscripten_webgl_create_context(selector_.c_str(), &attributes);
  if (handle <= 0) return false;
  context_ = static_cast<unsigned long>(handle);
  emscripten_webgl_make_context_current(handle);
  backend_ready_ = ImGui_ImplOpenGL3_Init("#version 300 es");
  return backend_ready_;
}

void WebGlCanvas::lost() {
  lost_ = true;
  texture_ = 0;
  for (unsigned& texture : echo_textures_) texture = 0;
  // Forgets the objects while deleting them is a no-op; afterwards their names would belong to no context.
  if (backend_ready_) ImGui_ImplOpenGL3_DestroyDeviceObjects();
}

bool WebGlCanvas::restored() {
  lost_ = false;
  if (context_ == 0) return begin();
  emscripten_webgl_make_context_current(static_cast<EMSCRIPTEN_WEBGL_CONTEXT_HANDLE>(context_));
  const bool back = ImGui_ImplOpenGL3_CreateDeviceObjects();
  make_texture();
  return back;
}

void WebGlCanvas::set_picture(int width, int height, std::vector<uint8_t> rgba) {
  const bool whole = width > 0 && height > 0 && rgba.size() == static_cast<size_t>(width) * static_cast<size_t>(height) * 4;
  picture_width_ = whole ? width : 0;
  picture_height_ = whole ? height : 0;
  picture_ = whole ? std::move(rgba) : std::vector<uint8_t>();
  if (texture_ != 0 && !lost_) glDeleteTextures(1, &texture_);
  texture_ = 0;
  if (!lost_) make_texture();
}

void WebGlCanvas::make_texture() {
  if (picture_.empty()) return;
  glGenTextures(1, &texture_);
  glBindTexture(GL_TEXTURE_2D, texture_);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR_MIPMAP_LINEAR);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
  glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
  glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, picture_width_, picture_height_, 0, GL_RGBA, GL_UNSIGNED_BYTE, picture_.data());
  glGenerateMipmap(GL_TEXTURE_2D);
}

void WebGlCanvas::prepare(EchoState& echo) {
  if (!ready() || !echo.view) return;
  for (size_t i = 0; i < kEchoPlaces; ++i) {
    EchoPicture& picture = echo.pictures[i];
    if (echo_textures_[i] == 0) {
      glGenTextures(1, &echo_textures_[i]);
      picture.content = {-1, -1, -1};
    }
    picture.texture = echo_textures_[i];
  }
}

void WebGlCanvas::upload(EchoState& echo) {
  for (EchoPicture& picture : echo.pictures) {
    if (!picture.changed || picture.texture == 0 || picture.rgba.empty()) continue;
    picture.changed = false;
    glBindTexture(GL_TEXTURE_2D, static_cast<GLuint>(picture.texture));
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
    glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, picture.side, picture.side, 0, GL_RGBA, GL_UNSIGNED_BYTE, picture.rgba.data());
  }
}

void WebGlCanvas::draw(App& app, const WindowSize& size) {
  if (!ready() || !backend_ready_) return;
  upload(app.state().echo);
  ImGui_ImplOpenGL3_NewFrame();  // makes shaders, buffers and the font texture when there are none
  if (app.take_fonts_changed()) {
    ImGui_ImplOpenGL3_DestroyFontsTexture();
    ImGui_ImplOpenGL3_CreateFontsTexture();
    // The atlas was built before this frame was drawn, but its texture is only known now.
    for (ImDrawList* list : ImGui::GetDrawData()->CmdLists) {
      for (ImDrawCmd& command : list->CmdBuffer) command.TextureId = ImGui::GetIO().Fonts->TexID;
    }
  }
  glViewport(0, 0, static_cast<int>(std::lround(size.width_px * size.device_pixel_ratio)),
             static_cast<int>(std::lround(size.height_px * size.device_pixel_ratio)));
  glClearColor(0.953f, 0.941f, 0.918f, 1);
  glClear(GL_COLOR_BUFFER_BIT);
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
}

}  // namespace precordia::dashboard
